import Tensors

// What nearly all of nearly every request is: nested lists of numbers, all as deep and as long as their neighbours.
// Read in one tight loop; everything else, faults above all, is left to `readItem`, which reads it again.
extension TensorAccumulator {
    /// Reads the lists at the cursor as the rows of the input; `false`, with nothing changed, when they are no rectangle
    /// of numbers.
    func readRows(_ scanner: inout JSONScanner) -> Bool {
        guard let rows = readRectangle(&scanner) else { return false }
        addRows(rows)
        return true
    }

    /// Reads the lists at the cursor and appends their elements; `nil`, with nothing changed, when they are no rectangle
    /// of numbers.
    func readRectangle(_ scanner: inout JSONScanner) -> ListRectangle? {
        switch elementType {
        case .float32: readRectangle(of: Float.self, &scanner)
        case .float64: readRectangle(of: Double.self, &scanner)
        case .int32: readRectangle(of: Int32.self, &scanner)
        case .int16: readRectangle(of: Int16.self, &scanner)
        case .int8: readRectangle(of: Int8.self, &scanner)
        case .uint8: readRectangle(of: UInt8.self, &scanner)
        case .int64: readRectangle(of: Int64.self, &scanner)
        case .uint32: readRectangle(of: UInt32.self, &scanner)
        case .uint64: readRectangle(of: UInt64.self, &scanner)
        case .bool, .string, .complex64, .complex128, .qint8, .quint8, .qint16, .quint16, .qint32, .bfloat16, .float16,
            .uint16, .float8E5M2, .float8E4M3FN, nil:
            nil
        }
    }

    @inline(__always)
    private func readRectangle<Element: JSONElement>(
        of type: Element.Type,
        _ source: inout JSONScanner
    ) -> ListRectangle? {
        guard source.peek() == UInt8(ascii: "[") else { return nil }
        var reader = RunReader<Element>(self, source)
        var place = source.cursor
        var next = count
        guard let rectangle = reader.readRectangle(&place, &next) else { return nil }
        source.cursor = place
        count = next
        return rectangle
    }
}
