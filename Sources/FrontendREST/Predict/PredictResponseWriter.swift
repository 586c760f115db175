package import Inference
package import NIOCore
package import ServingPrimitives
import Tensors

/// Writes the JSON of a `:predict` answer straight from the engine's outputs, byte for byte as TensorFlow Serving lays
/// it out: indented by four; in the row form lists are on one line and the outer list closes on a new one.
package struct PredictResponseWriter {
    private var sink: ByteSink
    /// Lists and objects open around the place.
    private var level = 0
    /// Whether lists are on one line.
    private var isSingleLine = false

    /// Appends the answer to `buffer`.
    ///
    /// - Throws: `INVALID_ARGUMENT` when an output has a type that JSON has no values for, or, in the row form, no rows
    ///   or another number of them than the others; `buffer` is unchanged.
    package static func write(
        _ outputs: [NamedTensor],
        form: ParsedPredictRequest.Form,
        to buffer: inout ByteBuffer
    ) throws(ServingError) {
        guard !outputs.isEmpty else { throw .invalidArgument("Cannot convert empty tensor map to JSON") }
        let rowCount = form == .rows ? try commonRowCount(outputs) : 0
        for output in outputs where output.tensor.shape.elementCount > 0 { try checkWritable(output.tensor) }
        // Moved, not copied: a second reference would make the first write copy the buffer.
        let target = buffer
        buffer = ByteBuffer()
        var writer = PredictResponseWriter(sink: ByteSink(target))
        switch form {
        case .rows: writer.writeRows(outputs, count: rowCount)
        case .columns: writer.writeColumns(outputs)
        }
        buffer = writer.sink.buffer
    }

    private static func commonRowCount(_ outputs: [NamedTensor]) throws(ServingError) -> Int {
        var count: Int?
        for output in outputs {
            guard output.tensor.shape.rank > 0 else {
                throw .invalidArgument("Tensor name: \(output.name) has no shape information ")
            }
            let rows = output.tensor.shape[0]
            if let count, count != rows {
                throw .invalidArgument(
                    "Tensor name: \(output.name) has inconsistent batch size: \(rows) expecting: \(count)"
                )
            }
            count = rows
        }
        return count ?? 0
    }

    private static func checkWritable(_ tensor: Tensor) throws(ServingError) {
        switch tensor.elementType {
        case .float32, .float64, .int32, .uint8, .int16, .int8, .string, .int64, .bool, .uint32, .uint64: return
        case .complex64, .complex128, .qint8, .quint8, .qint16, .quint16, .qint32, .bfloat16, .float16, .uint16,
            .float8E5M2, .float8E4M3FN:
            throw .invalidArgument("Failed to write JSON value for tensor type: \(tensor.elementType.name)")
        }
    }
}

// MARK: The two forms

extension PredictResponseWriter {
    private mutating func writeRows(_ outputs: [NamedTensor], count: Int) {
        sink.write("{\n    \"predictions\": [")
        isSingleLine = true
        if outputs.count == 1 {
            level = 2
            writeElements(of: outputs[0], dimension: 1, from: 0, lists: count)
        } else {
            for row in 0..<count { writeRow(row, outputs) }
        }
        if count > 0 { sink.newLine(indent: 4) }
        sink.write("]\n}")
    }

    private mutating func writeRow(_ row: Int, _ outputs: [NamedTensor]) {
        level = 3
        if row > 0 { sink.write(",") }
        sink.newLine(indent: 8)
        for (index, output) in outputs.enumerated() {
            sink.write(index == 0 ? "{" : ",")
            writeKey(output.name, indent: 12)
            let size = output.tensor.shape.elementCount / max(output.tensor.shape[0], 1)
            writeValue(of: output, dimension: 1, from: row * size)
        }
        sink.newLine(indent: 8)
        sink.write("}")
    }

    private mutating func writeColumns(_ outputs: [NamedTensor]) {
        sink.write("{\n    \"outputs\": ")
        if outputs.count == 1 {
            level = 1
            writeValue(of: outputs[0], dimension: 0, from: 0)
        } else {
            for (index, output) in outputs.enumerated() {
                level = 2
                sink.write(index == 0 ? "{" : ",")
                writeKey(output.name, indent: 8)
                writeValue(of: output, dimension: 0, from: 0)
            }
            sink.newLine(indent: 4)
            sink.write("}")
        }
        sink.write("\n}")
    }

    private mutating func writeKey(_ name: String, indent: Int) {
        sink.newLine(indent: indent)
        var text: [UInt8] = []
        JSONText.appendQuoted(name.utf8, to: &text)
        sink.write(text)
        sink.write(": ")
    }
}

// MARK: Values

extension PredictResponseWriter {
    /// The part of an output that starts at element `first` and has the dimensions from `dimension` on.
    private mutating func writeValue(of output: NamedTensor, dimension: Int, from first: Int) {
        let shape = output.tensor.shape
        let sizes = (dimension..<shape.rank).map { shape[$0] }
        guard output.tensor.elementType != .string, sizes.allSatisfy({ $0 > 0 }) else {
            return writeSparseValue(of: output, dimension: dimension, from: first)
        }
        writeNumbers(of: output.tensor, from: first, NumberLayout(sizes, level: level, isSingleLine: isSingleLine))
    }

    /// `count` parts that follow one another in a list.
    private mutating func writeElements(of output: NamedTensor, dimension: Int, from first: Int, lists count: Int) {
        let shape = output.tensor.shape
        guard output.tensor.elementType != .string, shape.elementCount > 0 else {
            return writeSparseElements(of: output, dimension: dimension, from: first, lists: count)
        }
        let sizes = [count] + (dimension..<shape.rank).map { shape[$0] }
        var layout = NumberLayout(sizes, level: level - 1, isSingleLine: isSingleLine)
        layout.hasOuterBrackets = false
        writeNumbers(of: output.tensor, from: first, layout)
    }

    private mutating func writeNumbers(of tensor: Tensor, from first: Int, _ layout: NumberLayout) {
        switch tensor.elementType {
        case .float32:
            writeNumbers(of: tensor, Float.self, first, layout, DecimalWriter.maximumLength) {
                DecimalWriter.write($0, to: $1)
            }
        case .float64:
            writeNumbers(of: tensor, Double.self, first, layout, DecimalWriter.maximumLength) {
                DecimalWriter.write($0, to: $1)
            }
        case .int32: writeIntegers(of: tensor, Int32.self, first, layout)
        case .int16: writeIntegers(of: tensor, Int16.self, first, layout)
        case .int8: writeIntegers(of: tensor, Int8.self, first, layout)
        case .uint8: writeIntegers(of: tensor, UInt8.self, first, layout)
        case .int64: writeIntegers(of: tensor, Int64.self, first, layout)
        case .uint32: writeIntegers(of: tensor, UInt32.self, first, layout)
        case .uint64:
            writeNumbers(of: tensor, UInt64.self, first, layout, IntegerWriter.maximumLength) {
                IntegerWriter.write($0, to: $1)
            }
        case .bool:
            writeNumbers(of: tensor, UInt8.self, first, layout, 5) { value, target in
                let text: StaticString = value != 0 ? "true" : "false"
                target.update(from: text.utf8Start, count: text.utf8CodeUnitCount)
                return target + text.utf8CodeUnitCount
            }
        case .string, .complex64, .complex128, .qint8, .quint8, .qint16, .quint16, .qint32, .bfloat16, .float16,
            .uint16, .float8E5M2, .float8E4M3FN:
            // Strings are written elsewhere; the others were refused before anything was written.
            break
        }
    }

    private mutating func writeIntegers<Integer: FixedWidthInteger & BitwiseCopyable>(
        of tensor: Tensor,
        _ type: Integer.Type,
        _ first: Int,
        _ layout: NumberLayout
    ) {
        writeNumbers(of: tensor, type, first, layout, IntegerWriter.maximumLength) {
            IntegerWriter.write(Int64(truncatingIfNeeded: $0), to: $1)
        }
    }

    /// Writes elements in groups, so that room is claimed once for many.
    @inline(__always)
    private mutating func writeNumbers<Element: BitwiseCopyable>(
        of tensor: Tensor,
        _ type: Element.Type,
        _ first: Int,
        _ layout: NumberLayout,
        _ maximumLength: Int,
        _ write: (Element, UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8>
    ) {
        var layout = layout
        let count = layout.elementCount
        let room = maximumLength + layout.maximumLength
        let groupSize = max(min((16 << 10) / room, 64), 1)
        tensor.withUnsafeBytes { bytes in
            var done = 0
            while done < count {
                let group = min(count - done, groupSize)
                sink.write(upTo: group * room + layout.maximumLength) { start in
                    var target = start
                    for index in done..<done + group {
                        target = layout.writeSeparator(to: target)
                        let offset = (first + index) * MemoryLayout<Element>.stride
                        target = write(bytes.loadUnaligned(fromByteOffset: offset, as: Element.self), target)
                    }
                    return done + group == count ? layout.writeEnd(to: target) : target
                }
                done += group
            }
        }
    }
}

// MARK: Strings and empty lists

extension PredictResponseWriter {
    private mutating func writeSparseValue(of output: NamedTensor, dimension: Int, from first: Int) {
        let shape = output.tensor.shape
        guard dimension < shape.rank else { return writeStrings(of: output, first, 1, separated: false) }
        sink.write("[")
        level += 1
        let count = shape[dimension]
        writeSparseElements(of: output, dimension: dimension + 1, from: first, lists: count)
        level -= 1
        if count > 0, !isSingleLine { sink.newLine(indent: 4 * level) }
        sink.write("]")
    }

    /// Recursion is bounded by the rank of a tensor.
    private mutating func writeSparseElements(
        of output: NamedTensor,
        dimension: Int,
        from first: Int,
        lists count: Int
    ) {
        let shape = output.tensor.shape
        guard dimension < shape.rank else { return writeStrings(of: output, first, count, separated: true) }
        var size = 1
        for index in dimension..<shape.rank { size *= shape[index] }
        for index in 0..<count {
            writeSeparator(isFirst: index == 0)
            writeSparseValue(of: output, dimension: dimension, from: first + index * size)
        }
    }

    private mutating func writeSeparator(isFirst: Bool) {
        guard !isSingleLine else { return isFirst ? () : sink.write(", ") }
        if !isFirst { sink.write(",") }
        sink.newLine(indent: 4 * level)
    }

    private mutating func writeStrings(of output: NamedTensor, _ first: Int, _ count: Int, separated: Bool) {
        let isBytes = output.name.utf8.count >= 6 && output.name.utf8.suffix(6).elementsEqual("_bytes".utf8)
        output.tensor.withStrings { strings in
            for index in 0..<count {
                if separated { writeSeparator(isFirst: index == 0) }
                if isBytes {
                    writeBase64(strings[first + index].bytes)
                } else {
                    sink.writeQuoted(strings[first + index].bytes)
                }
            }
        }
    }

    private mutating func writeBase64(_ bytes: UnsafeBufferPointer<UInt8>) {
        sink.write("{")
        sink.newLine(indent: 4 * level + 4)
        sink.write("\"b64\": \"")
        sink.write(Base64.encode(bytes))
        sink.write("\"")
        sink.newLine(indent: 4 * level)
        sink.write("}")
    }
}
