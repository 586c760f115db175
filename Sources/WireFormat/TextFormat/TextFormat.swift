public import SwiftProtobuf

/// Protobuf's text format, the language of TensorFlow Serving's configuration files.
///
/// Reads what protobuf's own C++ parser reads and refuses what that one refuses, in its words and with its positions;
/// but where that one stops at the first problem, this one goes on and reports them all. Two things are stricter: a
/// `string` must be UTF-8, and messages may be nested `maximumDepth` deep.
public enum TextFormat {
    /// The longest text that is read, in bytes.
    public static let maximumLength = 16 << 20
    /// How deep messages may be nested.
    public static let maximumDepth = 100

    /// Whether there is a message of this full name, which an expanded Any may hold.
    public static func knows(messageNamed name: String) -> Bool { TextSchema.shared.messages[name] != nil }

    /// The message that `text` describes.
    ///
    /// - Parameter type: a generated message of `ServingProtos`.
    /// - Throws: every problem of the text with its position.
    public static func decode<M: Message>(_ text: String, as type: M.Type) throws(TextFormatError) -> M {
        let name = M.protoMessageName
        guard let message = TextSchema.shared.messages[name] else {
            preconditionFailure("\(name) is not a message of ServingProtos")
        }
        guard text.utf8.count <= maximumLength else {
            throw TextFormatError(name, .tooLong(text.utf8.count))
        }
        var parser = TextParser(Array(text.utf8), schema: .shared)
        let bytes = parser.parse(message)
        guard parser.problems.isEmpty else { throw TextFormatError(name, parser.problems) }
        do {
            var options = BinaryDecodingOptions()
            // Entries of maps are messages too.
            options.messageDepthLimit = 2 * maximumDepth
            return try M(serializedBytes: bytes, options: options)
        } catch {
            throw TextFormatError(name, .undecodable(error))
        }
    }
}
