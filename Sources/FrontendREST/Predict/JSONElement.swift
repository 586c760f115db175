/// A tensor element that JSON values of some kind can be read into.
protocol JSONElement: BitwiseCopyable {
    /// Reads the value at the cursor; `nil`, with the cursor where it was, when it is of another kind or out of range.
    ///
    /// - Throws: when what stands there is no JSON.
    static func read(_ scanner: inout JSONScanner) throws(JSONSyntaxError) -> Self?
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

extension Double: JSONElement {
    @inline(__always)
    static func read(_ scanner: inout JSONScanner) throws(JSONSyntaxError) -> Double? {
        var place = scanner.cursor
        if let (value, isExact) = JSONScanner.commonDecimal(&place, end: scanner.end, powers: PowersOfTen.doubles),
            isExact
        {
            scanner.cursor = place
            return value
        }
        return try scanner.numberIfPresent()?.double
    }
}

extension Float: JSONElement {
    @inline(__always)
    static func read(_ scanner: inout JSONScanner) throws(JSONSyntaxError) -> Float? {
        var place = scanner.cursor
        if let (value, isExact) = JSONScanner.commonDecimal(&place, end: scanner.end, powers: PowersOfTen.doubles),
            isExact || !isNearMidpoint(value)
        {
            scanner.cursor = place
            return Float(value)
        }
        guard let number = try scanner.numberIfPresent() else { return nil }
        return Float(number.double)
    }

    /// Whether a double that is off by a few units in its last place could round to the wrong float: it lies next to
    /// the middle between two of them. Only for values in the range of normal floats.
    @inline(__always)
    private static func isNearMidpoint(_ value: Double) -> Bool {
        let distance = Int64(bitPattern: value.bitPattern & 0x1FFF_FFFF) &- 0x1000_0000
        return distance.magnitude < 8
    }
}

// TensorFlow Serving takes the narrow types through int32: range is that of int32, then they wrap.

extension Int32: JSONElement {
    static func read(_ scanner: inout JSONScanner) throws(JSONSyntaxError) -> Int32? {
        try scanner.integerIfPresent(as: Int32.self)
    }
}

extension Int16: JSONElement {
    static func read(_ scanner: inout JSONScanner) throws(JSONSyntaxError) -> Int16? {
        try scanner.integerIfPresent(as: Int32.self).map { Int16(truncatingIfNeeded: $0) }
    }
}

extension Int8: JSONElement {
    static func read(_ scanner: inout JSONScanner) throws(JSONSyntaxError) -> Int8? {
        try scanner.integerIfPresent(as: Int32.self).map { Int8(truncatingIfNeeded: $0) }
    }
}

extension UInt8: JSONElement {
    static func read(_ scanner: inout JSONScanner) throws(JSONSyntaxError) -> UInt8? {
        try scanner.integerIfPresent(as: Int32.self).map { UInt8(truncatingIfNeeded: $0) }
    }
}

extension Int64: JSONElement {
    static func read(_ scanner: inout JSONScanner) throws(JSONSyntaxError) -> Int64? {
        try scanner.integerIfPresent(as: Int64.self)
    }
}

extension UInt32: JSONElement {
    static func read(_ scanner: inout JSONScanner) throws(JSONSyntaxError) -> UInt32? {
        try scanner.integerIfPresent(as: UInt32.self)
    }
}

extension UInt64: JSONElement {
    static func read(_ scanner: inout JSONScanner) throws(JSONSyntaxError) -> UInt64? {
        try scanner.integerIfPresent(as: UInt64.self)
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
}
