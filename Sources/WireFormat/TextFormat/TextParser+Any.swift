/// Names in brackets: types of an expanded Any, and extensions, of which there are none.
extension TextParser {
    private static let anyName = "google.protobuf.Any"
    /// An Any with another prefix names a type of somebody else.
    private static let prefixes = ["type.googleapis.com/", "type.googleprod.com/"]

    mutating func bracketedName(_ message: inout TextMessage) throws(FieldFailure) {
        try expect("[")
        guard message.type.fullName == Self.anyName else {
            let name = try dottedName()
            try expect("]")
            throw fail("Extension \"\(name)\" is not defined or is not an extension of \"\(message.type.fullName)\".")
        }
        let prefix = try dottedName() + "/"
        try expect("/")
        let name = try dottedName()
        try expect("]")
        _ = take(":")
        guard Self.prefixes.contains(prefix), let type = schema.messages[name] else {
            throw fail("Could not find type \"\(prefix)\(name)\" stored in google.protobuf.Any.")
        }
        let value = try self.message(type)
        if !message.isSet.isDisjoint(with: [AnyField.typeURL, AnyField.value]) {
            throw fail("Non-repeated Any specified multiple times.")
        }
        message.append(AnyField.typeURL, bytes: Array("\(prefix)\(name)".utf8))
        message.append(AnyField.value, bytes: value)
        message.mark(AnyField.typeURL)
        message.mark(AnyField.value)
    }

    /// Identifiers with points between them.
    private mutating func dottedName() throws(FieldFailure) -> String {
        var name = try identifier()
        while take(".") { name += ".\(try identifier())" }
        return name
    }
}

/// Field numbers of google.protobuf.Any.
private enum AnyField {
    static let typeURL = 1
    static let value = 2
}
