import Servables

/// Writes the `tensorflow.serving.ModelSpec` of an answer: name, version and resolved signature, never a label.
struct ModelSpecEncoder {
    let byteCount: Int
    private let servable: ServableID
    private let signatureName: String

    init(_ servable: ServableID, signatureName: String) {
        self.servable = servable
        self.signatureName = signatureName
        byteCount =
            WireSize.string(1, servable.name)
            + WireSize.field(2, length: WireSize.number(1, UInt64(bitPattern: servable.version)))
            + WireSize.string(3, signatureName)
    }

    /// The version stands in a wrapper, which is there even for version 0.
    func write(_ field: UInt32, to writer: inout WireWriter) {
        let version = UInt64(bitPattern: servable.version)
        writer.header(field, length: byteCount)
        writer.string(1, servable.name)
        writer.header(2, length: WireSize.number(1, version))
        writer.number(1, version)
        writer.string(3, signatureName)
    }
}
