import ServingProtos
import SwiftProtobuf

/// What the parser knows about messages: names, numbers and types of their fields.
final class TextSchema: Sendable {
    final class MessageType: Sendable {
        let fullName: String
        let fields: [String: Field]
        /// Names that fields once had; they are passed over.
        let reservedNames: Set<String>

        init(fullName: String, fields: [String: Field], reservedNames: Set<String>) {
            self.fullName = fullName
            self.fields = fields
            self.reservedNames = reservedNames
        }
    }

    struct Field: Sendable {
        var name: String
        var number: Int
        var type: FieldType
        var isRepeated: Bool
        /// Whether a default value that was set can be told from none.
        var hasPresence: Bool
        /// Name of the oneof it is a member of.
        var oneof: String?
    }

    enum FieldType: Sendable {
        case int32, int64, uint32, uint64, sint32, sint64, fixed32, fixed64, sfixed32, sfixed64
        case bool, string, bytes, double, float
        case enumeration([String: Int32])
        /// By full name: types may contain themselves.
        case message(String)
    }

    static let shared = TextSchema()

    /// By full name.
    let messages: [String: MessageType]

    private init() {
        do {
            let bytes = Base64.decode(ServingDescriptors.base64)
            let files = try Google_Protobuf_FileDescriptorSet(serializedBytes: bytes)
            messages = TextSchemaBuilder(files.file).messages
        } catch {
            preconditionFailure("the generated descriptors cannot be decoded: \(error)")
        }
    }
}
