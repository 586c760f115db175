/// Values of fields.
extension TextParser {
    /// One value of `field`.
    mutating func value(_ field: TextSchema.Field, _ message: inout TextMessage) throws(FieldFailure) {
        let isDefault: Bool
        switch field.type {
        case .message(let name):
            guard let type = schema.messages[name] else { preconditionFailure("no descriptor for \(name)") }
            message.append(field.number, bytes: try self.message(type))
            isDefault = false
        case .string, .bytes:
            let bytes = try string(field)
            message.append(field.number, bytes: bytes)
            isDefault = bytes.isEmpty
        case .float:
            let value = Float(try double())
            message.append(field.number, fixed32: value.bitPattern)
            isDefault = value.bitPattern == 0
        case .double:
            let value = try double()
            message.append(field.number, fixed64: value.bitPattern)
            isDefault = value.bitPattern == 0
        case .fixed32, .sfixed32:
            let value = try integer(field.type)
            message.append(field.number, fixed32: UInt32(truncatingIfNeeded: value))
            isDefault = value == 0
        case .fixed64, .sfixed64:
            let value = try integer(field.type)
            message.append(field.number, fixed64: UInt64(bitPattern: value))
            isDefault = value == 0
        case .bool, .enumeration, .int32, .int64, .uint32, .uint64, .sint32, .sint64:
            let value = try varint(field)
            message.append(field.number, varint: value)
            isDefault = value == 0
        }
        message.mark(field, isDefault: isDefault)
    }

    /// The value of a field of wire type varint, as it is written.
    private mutating func varint(_ field: TextSchema.Field) throws(FieldFailure) -> UInt64 {
        switch field.type {
        case .bool: return try bool(field) ? 1 : 0
        case .enumeration(let values): return UInt64(bitPattern: Int64(try enumeration(field, values)))
        case .sint32, .sint64:
            let value = try integer(field.type)
            return UInt64(bitPattern: value << 1 ^ value >> 63)
        default: return UInt64(bitPattern: try integer(field.type))
        }
    }

    /// The bits of an integer; an unsigned one of 64 bits may look negative.
    private mutating func integer(_ type: TextSchema.FieldType) throws(FieldFailure) -> Int64 {
        switch type {
        case .uint32, .fixed32: Int64(try unsignedInteger(maximum: UInt64(UInt32.max)))
        case .uint64, .fixed64: Int64(bitPattern: try unsignedInteger(maximum: .max))
        case .int64, .sint64, .sfixed64: try signedInteger(maximum: UInt64(Int64.max))
        default: try signedInteger(maximum: UInt64(Int32.max))
        }
    }

    private mutating func signedInteger(maximum: UInt64) throws(FieldFailure) -> Int64 {
        // Two's complement reaches one further down than up.
        guard take("-") else { return Int64(bitPattern: try unsignedInteger(maximum: maximum)) }
        return Int64(bitPattern: 0 &- (try unsignedInteger(maximum: maximum + 1)))
    }

    private mutating func unsignedInteger(maximum: UInt64) throws(FieldFailure) -> UInt64 {
        guard current.kind == .integer else { throw fail("Expected integer, got: \(currentText)") }
        guard let value = TextLiteral.integer(currentBytes, maximum: maximum) else {
            throw fail("Integer out of range (\(currentText))")
        }
        advance()
        return value
    }

    private mutating func double() throws(FieldFailure) -> Double {
        let isNegative = take("-")
        let value = try unsignedDouble()
        return isNegative ? -value : value
    }

    private mutating func unsignedDouble() throws(FieldFailure) -> Double {
        let value: Double
        switch current.kind {
        case .integer:
            if currentBytes.count > 1, currentBytes.first == UInt8(ascii: "0") {
                throw fail("Expect a decimal number, got: \(currentText)")
            }
            value = TextLiteral.double(currentBytes)
        case .float: value = TextLiteral.double(currentBytes)
        case .identifier:
            let text = currentText.lowercased()
            switch text {
            case "inf", "infinity": value = .infinity
            case "nan": value = .nan
            default: throw fail("Expected double, got: \(text)")
            }
        default: throw fail("Expected double, got: \(currentText)")
        }
        advance()
        return value
    }

    private mutating func bool(_ field: TextSchema.Field) throws(FieldFailure) -> Bool {
        if current.kind == .integer { return try unsignedInteger(maximum: 1) == 1 }
        let text = try identifier()
        switch text {
        case "true", "True", "t": return true
        case "false", "False", "f": return false
        default: throw fail("Invalid value for boolean field \"\(field.name)\". Value: \"\(text)\".")
        }
    }

    /// By name or by any number: enumerations of proto3 are open.
    private mutating func enumeration(
        _ field: TextSchema.Field,
        _ values: [String: Int32]
    ) throws(FieldFailure) -> Int32 {
        if current.kind == .identifier {
            let name = try identifier()
            guard let value = values[name] else {
                throw fail("Unknown enumeration value of \"\(name)\" for field \"\(field.name)\".")
            }
            return value
        }
        guard isAt("-") || current.kind == .integer else {
            throw fail("Expected integer or identifier, got: \(currentText)")
        }
        return Int32(truncatingIfNeeded: try signedInteger(maximum: UInt64(Int32.max)))
    }

    /// String tokens, one after the other, as one.
    private mutating func string(_ field: TextSchema.Field) throws(FieldFailure) -> [UInt8] {
        guard current.kind == .string else { throw fail("Expected string, got: \(currentText)") }
        let start = current
        var bytes: [UInt8] = []
        while current.kind == .string {
            TextLiteral.appendString(currentBytes, to: &bytes)
            advance()
        }
        if case .string = field.type, String(validating: bytes, as: UTF8.self) == nil {
            tokenizer.report(
                "String field \"\(field.name)\" contains invalid UTF-8.",
                line: start.line,
                column: start.column
            )
        }
        return bytes
    }
}
