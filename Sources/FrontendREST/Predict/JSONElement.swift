/// A tensor element that JSON values of some kind can be read into.
protocol JSONElement: BitwiseCopyable {
    /// Reads the value at the cursor; `nil`, with the cursor where it was, when it is of another kind or out of range.
    ///
    /// - Throws: when what stands there is no JSON.
    static func read(_ scanner: inout JSONScanner) throws(JSONSyntaxError) -> Self?

    /// Reads a value in one of the spellings that come in bulk, `NumberReader.lookahead` bytes being readable; `nil`,
    /// with the place unchanged, for others.
    static func readCommon(_ place: inout UnsafePointer<UInt8>) -> Self?
}

extension JSONScanner {
    /// The number at the cursor; `nil` when a value of another kind starts there.
    @inline(__always)
    mutating func numberIfPresent() throws(JSONSyntaxError) -> JSONNumber? {
        switch peek() {
        case UInt8(ascii: "\""), UInt8(ascii: "n"), UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "["),
            UInt8(ascii: "{"):
            nil
        default: try number()
        }
    }

    /// An integer literal that fits in `Wide`; `nil`, with the cursor where it was, for anything else.
    @inline(__always)
    mutating func integerIfPresent<Wide: FixedWidthInteger>(
        as type: Wide.Type
    ) throws(JSONSyntaxError) -> Wide? {
        let place = cursor
        let value: Wide? =
            switch try numberIfPresent() {
            case .integer(let value): Wide(exactly: value)
            case .unsigned(let value): Wide(exactly: value)
            case .decimal, nil: nil
            }
        if value == nil { cursor = place }
        return value
    }
}

extension NumberReader {
    /// An integer literal that fits in `Wide`; `nil`, with the place unchanged, for anything else.
    @inline(__always)
    static func integer<Wide: FixedWidthInteger>(_ place: inout UnsafePointer<UInt8>, as type: Wide.Type) -> Wide? {
        var next = place
        guard let value = integer(&next).flatMap({ Wide(exactly: $0) }) else { return nil }
        place = next
        return value
    }
}

extension Double: JSONElement {
    static func read(_ scanner: inout JSONScanner) throws(JSONSyntaxError) -> Double? {
        try scanner.numberIfPresent()?.double
    }

    @inline(__always)
    static func readCommon(_ place: inout UnsafePointer<UInt8>) -> Double? {
        NumberReader.decimal(&place)
    }
}

// Through the nearest double, as TensorFlow Serving does.
extension Float: JSONElement {
    static func read(_ scanner: inout JSONScanner) throws(JSONSyntaxError) -> Float? {
        try Double.read(&scanner).map { Float($0) }
    }

    @inline(__always)
    static func readCommon(_ place: inout UnsafePointer<UInt8>) -> Float? {
        NumberReader.decimal(&place).map { Float($0) }
    }
}

// TensorFlow Serving takes the narrow types through int32: range is that of int32, then they wrap.

extension Int32: JSONElement {
    static func read(_ scanner: inout JSONScanner) throws(JSONSyntaxError) -> Int32? {
        try scanner.integerIfPresent(as: Int32.self)
    }

    @inline(__always)
    static func readCommon(_ place: inout UnsafePointer<UInt8>) -> Int32? {
        NumberReader.integer(&place, as: Int32.self)
    }
}

extension Int16: JSONElement {
    static func read(_ scanner: inout JSONScanner) throws(JSONSyntaxError) -> Int16? {
        try scanner.integerIfPresent(as: Int32.self).map { Int16(truncatingIfNeeded: $0) }
    }

    @inline(__always)
    static func readCommon(_ place: inout UnsafePointer<UInt8>) -> Int16? {
        NumberReader.integer(&place, as: Int32.self).map { Int16(truncatingIfNeeded: $0) }
    }
}

extension Int8: JSONElement {
    static func read(_ scanner: inout JSONScanner) throws(JSONSyntaxError) -> Int8? {
        try scanner.integerIfPresent(as: Int32.self).map { Int8(truncatingIfNeeded: $0) }
    }

    @inline(__always)
    static func readCommon(_ place: inout UnsafePointer<UInt8>) -> Int8? {
        NumberReader.integer(&place, as: Int32.self).map { Int8(truncatingIfNeeded: $0) }
    }
}

extension UInt8: JSONElement {
    static func read(_ scanner: inout JSONScanner) throws(JSONSyntaxError) -> UInt8? {
        try scanner.integerIfPresent(as: Int32.self).map { UInt8(truncatingIfNeeded: $0) }
    }

    @inline(__always)
    static func readCommon(_ place: inout UnsafePointer<UInt8>) -> UInt8? {
        NumberReader.integer(&place, as: Int32.self).map { UInt8(truncatingIfNeeded: $0) }
    }
}

extension Int64: JSONElement {
    static func read(_ scanner: inout JSONScanner) throws(JSONSyntaxError) -> Int64? {
        try scanner.integerIfPresent(as: Int64.self)
    }

    @inline(__always)
    static func readCommon(_ place: inout UnsafePointer<UInt8>) -> Int64? {
        NumberReader.integer(&place, as: Int64.self)
    }
}

extension UInt32: JSONElement {
    static func read(_ scanner: inout JSONScanner) throws(JSONSyntaxError) -> UInt32? {
        try scanner.integerIfPresent(as: UInt32.self)
    }

    @inline(__always)
    static func readCommon(_ place: inout UnsafePointer<UInt8>) -> UInt32? {
        NumberReader.integer(&place, as: UInt32.self)
    }
}

extension UInt64: JSONElement {
    static func read(_ scanner: inout JSONScanner) throws(JSONSyntaxError) -> UInt64? {
        try scanner.integerIfPresent(as: UInt64.self)
    }

    @inline(__always)
    static func readCommon(_ place: inout UnsafePointer<UInt8>) -> UInt64? {
        NumberReader.integer(&place, as: UInt64.self)
    }
}

extension Bool: JSONElement {
    static func read(_ scanner: inout JSONScanner) throws(JSONSyntaxError) -> Bool? {
        switch scanner.peek() {
        case UInt8(ascii: "t"):
            try scanner.literal("true")
            return true
        case UInt8(ascii: "f"):
            try scanner.literal("false")
            return false
        default: return nil
        }
    }

    @inline(__always)
    static func readCommon(_ place: inout UnsafePointer<UInt8>) -> Bool? {
        nil
    }
}
