import Inference
import Tensors

/// What Classify and Regress answer with, as a message inside their response. As in all proto3 messages, an empty label
/// and a score or value of 0 (but not -0) are left out.
protocol WireAnswer: Sendable {
    /// Size of the message.
    var wireByteCount: Int { get }

    func write(to writer: inout WireWriter)
}

extension Classifications: WireAnswer {
    /// Size of a `ClassificationResult`.
    var wireByteCount: Int {
        (0..<exampleCount).reduce(0) { $0 + WireSize.field(1, length: byteCount(ofExample: $1)) }
    }

    func write(to writer: inout WireWriter) {
        for example in 0..<exampleCount {
            writer.header(1, length: byteCount(ofExample: example))
            forEachClass(ofExample: example) { label, score in
                writer.header(1, length: Self.byteCount(label, score))
                if label.count > 0 {
                    writer.header(1, length: label.count)
                    writer.bytes(UnsafeRawBufferPointer(label.bytes))
                }
                writer.float(2, score)
            }
        }
    }

    /// Size of the `Classifications` of one example.
    private func byteCount(ofExample example: Int) -> Int {
        var size = 0
        forEachClass(ofExample: example) { size += WireSize.field(1, length: Self.byteCount($0, $1)) }
        return size
    }

    /// Size of a `Class`.
    private static func byteCount(_ label: StringElement, _ score: Float) -> Int {
        (label.count == 0 ? 0 : WireSize.field(1, length: label.count)) + WireSize.float(2, score)
    }
}

extension Regressions: WireAnswer {
    /// Size of a `RegressionResult`.
    var wireByteCount: Int {
        var size = 0
        forEachValue { size += WireSize.field(1, length: WireSize.float(1, $0)) }
        return size
    }

    func write(to writer: inout WireWriter) {
        forEachValue { value in
            writer.header(1, length: WireSize.float(1, value))
            writer.float(1, value)
        }
    }
}
