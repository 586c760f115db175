import ServingPrimitives

extension JSONScanner {
    /// The error that quotes the whole document. For a scanner at the start of one that was read to its end.
    func documentError(_ text: String) -> ServingError {
        var root = self
        guard (try? root.openDocument()) != nil, let value = try? JSONValuePrinter.print(root) else {
            return .internalError("A document that was read cannot be read again")
        }
        return .invalidArgument("JSON Value: \(value) \(text)")
    }
}
