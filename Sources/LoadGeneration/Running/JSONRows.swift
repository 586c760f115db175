/// Counts the rows of a predict, classify or regress answer in JSON, without reading its numbers.
enum JSONRows {
    /// Elements of the list that is the document's member `predictions`, `outputs` or `results`; of an `outputs` that
    /// is an object, of its first list.
    ///
    /// - Returns: `nil` when the text has no such list or ends inside it.
    static func count(in text: UnsafeRawBufferPointer) -> Int? {
        for key in ["\"predictions\"", "\"outputs\"", "\"results\""] {
            guard let start = find(Array(key.utf8), in: text),
                let list = text[start...].firstIndex(of: UInt8(ascii: "["))
            else { continue }
            return elements(text[(list + 1)...])
        }
        return nil
    }

    private static func find(_ key: [UInt8], in text: UnsafeRawBufferPointer) -> Int? {
        // The key stands at the front.
        let last = min(text.count - key.count, 64)
        guard last >= 0 else { return nil }
        return (0...last).first { start in
            (0..<key.count).allSatisfy { text[start + $0] == key[$0] }
        }.map { $0 + key.count }
    }

    /// Elements from behind a list's bracket to its end.
    private static func elements(_ text: Slice<UnsafeRawBufferPointer>) -> Int? {
        var depth = 0
        var commas = 0
        var isEmpty = true
        var isInString = false
        var isEscaped = false
        for byte in text {
            if isInString {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "]") where depth == 0: return isEmpty ? 0 : commas + 1
            case UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
            case UInt8(ascii: ",") where depth == 0: commas += 1
            case UInt8(ascii: "\""): isInString = true
            case 0x20, 0x09, 0x0a, 0x0d: continue
            default: break
            }
            isEmpty = false
        }
        return nil
    }
}
