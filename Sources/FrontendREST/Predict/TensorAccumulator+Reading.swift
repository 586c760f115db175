import ServingPrimitives
import Tensors

extension TensorAccumulator {
    /// Reads one item, whatever its nesting; the cursor ends behind it also when it does not fit.
    ///
    /// - Returns: what TensorFlow Serving finds wrong with it.
    /// - Throws: when the text is no JSON, which comes before all other faults.
    func readItem(_ scanner: inout JSONScanner) throws(JSONSyntaxError) -> ServingError? {
        beginItem()
        if let lists = readRectangle(&scanner) {
            addToItem(lists)
            return endItem()
        }
        repeat {
            if let fault = try readToNextElement(&scanner) { return try finishFaultyItem(fault, &scanner) }
        } while isOpen
        return endItem()
    }

    /// Reads more scalar items of a list of rows; see `itemsAreScalars`.
    func readScalarItems(_ scanner: inout JSONScanner) throws(JSONSyntaxError) -> ServingError? {
        let (count, fault) = try readElements(&scanner, isList: true)
        addScalarItems(count)
        return fault
    }

    /// Reads a run of elements or opens a list, then closes the lists that end behind it.
    private func readToNextElement(_ scanner: inout JSONScanner) throws(JSONSyntaxError) -> ServingError? {
        if scanner.peek() == UInt8(ascii: "[") {
            if let fault = openList() {
                try scanner.skipValue()
                return fault
            }
            guard !scanner.openContainer(closing: UInt8(ascii: "]")) else { return nil }
            if let fault = closeList() { return fault }
            addToList()
        } else if let fault = try readLeaves(&scanner) {
            return fault
        }
        while isOpen {
            if try scanner.hasNextElement() { return nil }
            if let fault = closeList() { return fault }
            addToList()
        }
        return nil
    }

    private func readLeaves(_ scanner: inout JSONScanner) throws(JSONSyntaxError) -> ServingError? {
        guard acceptsElement() else {
            let place = level
            let text = try JSONValuePrinter.skipAndPrint(&scanner)
            return .invalidArgument(
                "JSON Value: \(text) found at incorrect level: \(place + 1) in the JSON DOM. "
                    + "Expected at level: \(rank ?? 0)"
            )
        }
        let (count, fault) = try readElements(&scanner, isList: isOpen)
        addToList(count)
        return fault
    }

    /// After a fault inside open lists: reads on to the end of the item. The fault of a list around wins over that of
    /// its elements: TensorFlow Serving looks at a list's size first.
    private func finishFaultyItem(
        _ fault: ServingError,
        _ scanner: inout JSONScanner
    ) throws(JSONSyntaxError) -> ServingError {
        var fault = fault
        // The faulty value itself.
        addToList()
        while isOpen {
            addToList(try scanner.skipRemainingElements())
            if let outer = closeList() { fault = outer }
            addToList()
        }
        return fault
    }

    private func readElements(
        _ scanner: inout JSONScanner,
        isList: Bool
    ) throws(JSONSyntaxError) -> (count: Int, fault: ServingError?) {
        if elementType == .string { return try readString(&scanner) }
        let (count, isMismatch) =
            switch elementType {
            case .float32: try readRun(of: Float.self, from: &scanner, isList: isList)
            case .float64: try readRun(of: Double.self, from: &scanner, isList: isList)
            case .int32: try readRun(of: Int32.self, from: &scanner, isList: isList)
            case .int16: try readRun(of: Int16.self, from: &scanner, isList: isList)
            case .int8: try readRun(of: Int8.self, from: &scanner, isList: isList)
            case .uint8: try readRun(of: UInt8.self, from: &scanner, isList: isList)
            case .int64: try readRun(of: Int64.self, from: &scanner, isList: isList)
            case .uint32: try readRun(of: UInt32.self, from: &scanner, isList: isList)
            case .uint64: try readRun(of: UInt64.self, from: &scanner, isList: isList)
            case .bool: try readRun(of: Bool.self, from: &scanner, isList: isList)
            case .string, .complex64, .complex128, .qint8, .quint8, .qint16, .quint16, .qint32, .bfloat16, .float16,
                .uint16, .float8E5M2, .float8E4M3FN, nil:
                (0, true)
            }
        return (count, isMismatch ? try mismatch(&scanner) : nil)
    }

    private func readString(
        _ scanner: inout JSONScanner
    ) throws(JSONSyntaxError) -> (count: Int, fault: ServingError?) {
        if scanner.peek() == UInt8(ascii: "\"") {
            try scanner.string().withBytes(append)
            return (1, nil)
        }
        guard scanner.peek() == UInt8(ascii: "{") else { return (0, try mismatch(&scanner)) }
        guard let encoded = scanner.base64Object() else {
            let text = try JSONValuePrinter.skipAndPrint(&scanner)
            return (0, .invalidArgument("JSON Value: \(text) not formatted correctly for base64 data"))
        }
        try scanner.skipValue()
        guard let decoded = encoded.withBytes(Base64.decode) else {
            return (0, .invalidArgument("Unable to base64 decode"))
        }
        decoded.withUnsafeBufferPointer(append)
        return (1, nil)
    }

    /// At a value that the element type does not take: steps over it and says so.
    private func mismatch(_ scanner: inout JSONScanner) throws(JSONSyntaxError) -> ServingError {
        let kind = JSONValuePrinter.kind(of: scanner)
        let isObject = scanner.peek() == UInt8(ascii: "{")
        let text = try JSONValuePrinter.skipAndPrint(&scanner)
        let type = elementType?.name ?? "resource"
        guard isObject || elementType.map(Self.isReadable) ?? false else {
            return ServingError(.unimplemented, "Conversion of JSON Value: \(text) to type: \(type)")
        }
        return .invalidArgument("JSON Value: \(text) Type: \(kind) is not of expected type: \(type)")
    }

    /// Whether JSON has values for the type.
    private static func isReadable(_ type: ElementType) -> Bool {
        switch type {
        case .float32, .float64, .int32, .int16, .int8, .uint8, .int64, .uint32, .uint64, .bool, .string: true
        case .complex64, .complex128, .qint8, .quint8, .qint16, .quint16, .qint32, .bfloat16, .float16, .uint16,
            .float8E5M2, .float8E4M3FN:
            false
        }
    }
}

// MARK: Elements

extension TensorAccumulator {
    private func append(_ string: UnsafeBufferPointer<UInt8>) {
        strings.append(UnsafeRawBufferPointer(string))
        count += 1
    }

    /// Reads elements from the cursor on, as many as follow one another in the same list when `isList`.
    ///
    /// - Returns: how many were read, and whether it ended at a value of another kind (the cursor is at it) instead of
    ///   behind the last one.
    private func readRun<Element: JSONElement>(
        of type: Element.Type,
        from source: inout JSONScanner,
        isList: Bool
    ) throws(JSONSyntaxError) -> (count: Int, isMismatch: Bool) {
        var reader = RunReader<Element>(self, source)
        let first = count
        if isList {
            let isComplete = try reader.readList(&source.cursor, &count)
            return (count - first, !isComplete)
        }
        guard try reader.readElement(&source.cursor, count) else { return (0, true) }
        count += 1
        return (1, false)
    }
}

extension JSONScanner {
    /// At an opening brace: the string of a `{"b64": "..."}` object, whose only member it is; `nil` for any other
    /// object (or text). The cursor stays.
    func base64Object() -> JSONString? {
        var ahead = self
        do throws(JSONSyntaxError) {
            guard ahead.openContainer(closing: UInt8(ascii: "}")), try ahead.memberName().equals("b64"),
                ahead.peek() == UInt8(ascii: "\"")
            else { return nil }
            let value = try ahead.string()
            return try ahead.hasNextMember() ? nil : value
        } catch {
            // Whoever reads the object next meets the same fault and reports it.
            return nil
        }
    }
}
