package import Inference
package import NIOCore
package import ServingPrimitives
import Tensors

/// Writes the JSON of a `:classify` or `:regress` answer, byte for byte as TensorFlow Serving lays it out.
package enum ExampleResponseWriter {
    /// Appends the answer: every example's classes are on the same line, the list's end is on a line of its own.
    ///
    /// - Throws: `INVALID_ARGUMENT` when there is no example; `buffer` is unchanged.
    package static func write(_ answer: Classifications, to buffer: inout ByteBuffer) throws(ServingError) {
        guard answer.exampleCount > 0 else {
            throw .invalidArgument("Cannot convert empty ClassificationResults to JSON")
        }
        write(to: &buffer) { sink in
            sink.write("{\n    \"results\": [")
            for example in 0..<answer.exampleCount {
                sink.write(example == 0 ? "[" : ", [")
                write(example, of: answer, to: &sink)
                sink.write("]")
            }
            sink.write("\n    ]\n}")
        }
    }

    private static func write(_ example: Int, of answer: Classifications, to sink: inout ByteSink) {
        var isFirst = true
        answer.forEachClass(ofExample: example) { label, score in
            sink.write(isFirst ? "[" : ", [")
            isFirst = false
            sink.writeQuoted(label.bytes)
            sink.write(", ")
            sink.writeDecimal(score)
            sink.write("]")
        }
    }

    /// Appends the answer, its list on one line.
    ///
    /// - Throws: `INVALID_ARGUMENT` when there is no example; `buffer` is unchanged.
    package static func write(_ answer: Regressions, to buffer: inout ByteBuffer) throws(ServingError) {
        guard answer.exampleCount > 0 else {
            throw .invalidArgument("Cannot convert empty RegressionResults to JSON")
        }
        write(to: &buffer) { sink in
            sink.write("{\n    \"results\": [")
            var isFirst = true
            answer.forEachValue { value in
                if !isFirst { sink.write(", ") }
                isFirst = false
                sink.writeDecimal(value)
            }
            sink.write("]\n}")
        }
    }

    private static func write(to buffer: inout ByteBuffer, _ body: (inout ByteSink) -> Void) {
        // Moved, not copied: a second reference would make the first write copy the buffer.
        let target = buffer
        buffer = ByteBuffer()
        var sink = ByteSink(target)
        body(&sink)
        buffer = sink.buffer
    }
}
