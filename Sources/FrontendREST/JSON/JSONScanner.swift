/// A cursor over the text of one JSON document.
///
/// Accepts and refuses exactly what RapidJSON 1.1.0's iterative parser does with `NaN` and `Infinity` allowed, and
/// reports its error codes at its offsets: any nesting depth, bytes inside strings not checked for UTF-8, a NUL byte
/// is the end of the text. Does not own the bytes.
struct JSONScanner {
    let start: UnsafePointer<UInt8>
    let end: UnsafePointer<UInt8>
    /// Memory may be read up to here: `end`, or further where zeros follow the text.
    let readableEnd: UnsafePointer<UInt8>
    var cursor: UnsafePointer<UInt8>

    /// - Parameter padding: how many zeros follow the text; they are not part of it.
    init(start: UnsafePointer<UInt8>, count: Int, padding: Int = 0) {
        self.start = start
        self.end = start + count
        self.readableEnd = start + count + padding
        self.cursor = start
    }

    var offset: Int { cursor - start }

    /// The byte at the cursor, 0 at the end.
    @inline(__always)
    func peek() -> UInt8 { cursor < end ? cursor.pointee : 0 }

    func error(_ reason: JSONSyntaxError.Reason) -> JSONSyntaxError { error(reason, at: cursor) }

    func error(_ reason: JSONSyntaxError.Reason, at place: UnsafePointer<UInt8>) -> JSONSyntaxError {
        JSONSyntaxError(reason: reason, offset: place - start)
    }

    @inline(__always)
    mutating func skipWhitespace() {
        while cursor < end {
            let byte = cursor.pointee
            guard byte <= 0x20, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
            cursor += 1
        }
    }

    /// Steps over a byte order mark and whitespace to the document's value.
    mutating func openDocument() throws(JSONSyntaxError) {
        // RapidJSON overlooks each byte of the mark by itself.
        for byte: UInt8 in [0xEF, 0xBB, 0xBF] where peek() == byte { cursor += 1 }
        skipWhitespace()
        switch peek() {
        case 0, UInt8(ascii: "]"), UInt8(ascii: "}"), UInt8(ascii: ","), UInt8(ascii: ":"): throw error(.documentEmpty)
        default: return
        }
    }
}

// MARK: Members and elements

extension JSONScanner {
    /// At the start of an object's first member or behind a comma: reads name and colon, stops at the value.
    mutating func memberName() throws(JSONSyntaxError) -> JSONString {
        skipWhitespace()
        guard peek() == UInt8(ascii: "\"") else { throw error(.missingName) }
        let name = try string()
        skipWhitespace()
        guard peek() == UInt8(ascii: ":") else { throw error(.missingColon) }
        cursor += 1
        skipWhitespace()
        return name
    }

    /// Behind a member's value: true when another member follows (the cursor is behind the comma), false when the
    /// object ended (the cursor is behind the brace).
    @inline(__always)
    mutating func hasNextMember() throws(JSONSyntaxError) -> Bool {
        skipWhitespace()
        switch peek() {
        case UInt8(ascii: ","):
            cursor += 1
            return true
        case UInt8(ascii: "}"):
            cursor += 1
            return false
        default: throw error(.missingCommaOrBrace)
        }
    }

    /// Behind an element: true when another element follows (the cursor is at it), false when the list ended (the
    /// cursor is behind the bracket).
    @inline(__always)
    mutating func hasNextElement() throws(JSONSyntaxError) -> Bool {
        skipWhitespace()
        switch peek() {
        case UInt8(ascii: ","):
            cursor += 1
            skipWhitespace()
            return true
        case UInt8(ascii: "]"):
            cursor += 1
            return false
        default: throw error(.missingCommaOrBracket)
        }
    }

    /// At an opening brace or bracket: steps inside and says whether anything is there; if not, the cursor is behind
    /// the closing one.
    @inline(__always)
    mutating func openContainer(closing: UInt8) -> Bool {
        cursor += 1
        skipWhitespace()
        guard peek() == closing else { return true }
        cursor += 1
        return false
    }
}

// MARK: Skipping

extension JSONScanner {
    /// Steps over one value of any kind and checks it on the way.
    mutating func skipValue() throws(JSONSyntaxError) {
        var open = JSONNesting()
        while true {
            switch peek() {
            case UInt8(ascii: "["):
                if openContainer(closing: UInt8(ascii: "]")) {
                    open.push(isObject: false)
                    continue
                }
            case UInt8(ascii: "{"):
                if openContainer(closing: UInt8(ascii: "}")) {
                    open.push(isObject: true)
                    _ = try memberName()
                    continue
                }
            default: try skipScalar()
            }
            guard try nextInside(&open) else { return }
        }
    }

    /// Behind a list's element: steps over the rest of the list and returns how many more elements it had.
    mutating func skipRemainingElements() throws(JSONSyntaxError) -> Int {
        var count = 0
        while try hasNextElement() {
            try skipValue()
            count += 1
        }
        return count
    }

    /// Behind a member's value: steps over the rest of the object.
    mutating func skipRemainingMembers() throws(JSONSyntaxError) {
        while try hasNextMember() {
            _ = try memberName()
            try skipValue()
        }
    }

    /// Behind a value: closes what ends here and stops at the next value; false when nothing is open any more.
    private mutating func nextInside(_ open: inout JSONNesting) throws(JSONSyntaxError) -> Bool {
        while open.depth > 0 {
            if open.innermostIsObject {
                if try hasNextMember() {
                    _ = try memberName()
                    return true
                }
            } else if try hasNextElement() {
                return true
            }
            open.pop()
        }
        return false
    }

    private mutating func skipScalar() throws(JSONSyntaxError) {
        switch peek() {
        case UInt8(ascii: "\""): _ = try string()
        case UInt8(ascii: "n"): try literal("null")
        case UInt8(ascii: "t"): try literal("true")
        case UInt8(ascii: "f"): try literal("false")
        default: _ = try number()
        }
    }

    /// At a literal's first byte, which has been looked at.
    mutating func literal(_ text: StaticString) throws(JSONSyntaxError) {
        for index in 0..<text.utf8CodeUnitCount {
            guard peek() == text.utf8Start[index] else { throw error(.invalidValue) }
            cursor += 1
        }
    }
}
