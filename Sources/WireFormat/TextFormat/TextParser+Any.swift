/// Names in brackets: types of an expanded Any, and extensions, of which there are none.
extension TextParser {
    private static let anyName = "google.protobuf.Any"

    mutating func bracketedName(_ message: inout TextMessage) throws(FieldFailure) {
        let isAny = message.type.fullName == Self.anyName
        let (prefix, name) = try typeName()
        guard isAny else {
            guard prefix.isEmpty else { throw fail("Extension name contains \"/\"") }
            throw fail("Extension \"\(name)\" is not defined or is not an extension of \"\(message.type.fullName)\".")
        }
        guard !prefix.isEmpty else { throw fail("Type URL prefix is missing") }
        _ = take(":")
        guard let type = schema.messages[name] else {
            throw fail("Could not find type \"\(prefix)\(name)\" stored in google.protobuf.Any.")
        }
        let value = try self.message(type)
        if !message.isSet.isDisjoint(with: [AnyField.typeURL, AnyField.value]) {
            throw fail("Non-repeated Any specified multiple times.")
        }
        message.appendAny(typeURL: prefix + name, value)
    }

    /// `[prefix/full.Name]`; the prefix with its last slash, or empty.
    private mutating func typeName() throws(FieldFailure) -> (prefix: String, name: String) {
        tokenizer.readsURL = true
        try expect("[")
        var text = ""
        while current.kind == .urlCharacters {
            text += currentText
            advance()
        }
        tokenizer.readsURL = false
        try expect("]")
        guard let slash = text.lastIndex(of: "/") else {
            try checkTypeName(text[...])
            return ("", text)
        }
        let prefix = text[...slash]
        let name = text[text.index(after: slash)...]
        try checkPrefix(prefix)
        try checkTypeName(name)
        return (String(prefix), String(name))
    }

    private mutating func checkPrefix(_ prefix: Substring) throws(FieldFailure) {
        if prefix == "/" { throw fail("Type URL prefix is empty") }
        if prefix.hasPrefix("/") { throw fail("Type URL starts with \"/\"") }
        var rest = prefix.utf8
        while let percent = rest.firstIndex(of: UInt8(ascii: "%")) {
            rest = rest[percent...]
            let digits = rest.dropFirst().prefix(2)
            guard digits.count == 2, digits.allSatisfy(\.isHexDigit) else {
                throw fail("Invalid percent encode, got: \"\(Substring(rest.prefix(3)))\"")
            }
            rest = rest.dropFirst(3)
        }
    }

    private mutating func checkTypeName(_ name: Substring) throws(FieldFailure) {
        for part in name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false) {
            guard let first = part.first, first.isLetter, part.allSatisfy(\.isAlphanumeric) else {
                throw fail("Invalid identifier in type name, got: \"\(Substring(part))\"")
            }
        }
    }
}

/// Field numbers of google.protobuf.Any.
private enum AnyField {
    static let typeURL = 1
    static let value = 2
}

extension TextMessage {
    fileprivate mutating func appendAny(typeURL: String, _ value: [UInt8]) {
        append(AnyField.typeURL, bytes: Array(typeURL.utf8))
        append(AnyField.value, bytes: value)
        mark(AnyField.typeURL)
        mark(AnyField.value)
    }
}
