import SwiftProtobuf

/// Makes a schema from descriptors.
struct TextSchemaBuilder {
    private(set) var messages: [String: TextSchema.MessageType] = [:]
    private var enumerations: [String: [String: Int32]] = [:]

    init(_ files: [Google_Protobuf_FileDescriptorProto]) {
        for file in files {
            let scope = "." + file.package
            addEnumerations(file.enumType, in: scope)
            for message in file.messageType { addEnumerations(of: message, in: scope) }
        }
        for file in files {
            for message in file.messageType { add(message, in: "." + file.package) }
        }
    }

    private mutating func addEnumerations(_ types: [Google_Protobuf_EnumDescriptorProto], in scope: String) {
        for type in types {
            let values = type.value.map { ($0.name, $0.number) }
            enumerations["\(scope).\(type.name)"] = Dictionary(values) { first, _ in first }
        }
    }

    private mutating func addEnumerations(of message: Google_Protobuf_DescriptorProto, in scope: String) {
        let name = "\(scope).\(message.name)"
        addEnumerations(message.enumType, in: name)
        for nested in message.nestedType { addEnumerations(of: nested, in: name) }
    }

    private mutating func add(_ message: Google_Protobuf_DescriptorProto, in scope: String) {
        let name = "\(scope).\(message.name)"
        for nested in message.nestedType { add(nested, in: name) }
        let fields = message.field.compactMap { field(of: $0, in: message) }
        let fullName = String(name.dropFirst())
        messages[fullName] = TextSchema.MessageType(
            fullName: fullName,
            fields: Dictionary(fields.map { ($0.name, $0) }) { first, _ in first },
            reservedNames: Set(message.reservedName)
        )
    }

    private func field(
        of field: Google_Protobuf_FieldDescriptorProto,
        in message: Google_Protobuf_DescriptorProto
    ) -> TextSchema.Field? {
        guard let type = type(of: field) else { return nil }
        // The oneof of an `optional` field of proto3 is made up.
        let hasOneof = field.hasOneofIndex && !field.proto3Optional
        return TextSchema.Field(
            name: field.name,
            number: Int(field.number),
            type: type,
            isRepeated: field.label == .repeated,
            hasPresence: field.hasOneofIndex || field.type == .message,
            oneof: hasOneof ? message.oneofDecl[Int(field.oneofIndex)].name : nil
        )
    }

    /// `nil` for a group, which no message of ours has.
    private func type(of field: Google_Protobuf_FieldDescriptorProto) -> TextSchema.FieldType? {
        switch field.type {
        case .int32: .int32
        case .int64: .int64
        case .uint32: .uint32
        case .uint64: .uint64
        case .sint32: .sint32
        case .sint64: .sint64
        case .fixed32: .fixed32
        case .fixed64: .fixed64
        case .sfixed32: .sfixed32
        case .sfixed64: .sfixed64
        case .bool: .bool
        case .string: .string
        case .bytes: .bytes
        case .double: .double
        case .float: .float
        case .enum: .enumeration(enumerations[field.typeName] ?? [:])
        case .message: .message(String(field.typeName.dropFirst()))
        case .group: nil
        }
    }
}
