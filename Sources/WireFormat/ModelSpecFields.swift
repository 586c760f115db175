import Inference
import Servables

/// A `tensorflow.serving.ModelSpec` while it is read. Several occurrences add up, as protobuf merges messages.
struct ModelSpecFields {
    private(set) var selector = ModelSelector(name: "")

    mutating func merge(_ bytes: UnsafeRawBufferPointer) throws(WireError) {
        var reader = WireReader(bytes)
        while !reader.isAtEnd {
            let tag = try reader.tag()
            switch tag {
            case .bytes(1): selector.name = try reader.string()
            case .bytes(2): selector.version = .specific(try number(in: try reader.payload()))
            case .bytes(3): selector.signatureName = try reader.string()
            case .bytes(4): selector.version = .label(try reader.string())
            default: try reader.skip(tag)
            }
        }
    }

    /// A `google.protobuf.Int64Value`. An empty one is the number 0, which is a version like any other.
    private func number(in bytes: UnsafeRawBufferPointer) throws(WireError) -> Int64 {
        var reader = WireReader(bytes)
        var number: Int64 = 0
        // A repeated wrapper adds to the one before.
        if case .specific(let earlier) = selector.version { number = earlier }
        while !reader.isAtEnd {
            let tag = try reader.tag()
            switch tag {
            case .varint(1): number = Int64(bitPattern: try reader.varint())
            default: try reader.skip(tag)
            }
        }
        return number
    }
}
