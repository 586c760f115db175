import ServingPrimitives
import SwiftProtobuf

/// A JSON document to look into, read by SwiftProtobuf, which bounds its depth.
package struct JSONTree {
    private let value: Google_Protobuf_Value

    private init(_ value: Google_Protobuf_Value) { self.value = value }

    /// `nil` for what is no JSON.
    package init?(_ bytes: [UInt8]) {
        guard let value = try? Google_Protobuf_Value(jsonUTF8Bytes: bytes) else { return nil }
        self.value = value
    }

    package subscript(_ name: String) -> JSONTree? { value.structValue.fields[name].map { JSONTree($0) } }

    package var list: [JSONTree]? {
        if case .listValue(let list) = value.kind { list.values.map { JSONTree($0) } } else { nil }
    }

    package var text: String? { if case .stringValue(let text) = value.kind { text } else { nil } }

    package var bool: Bool? { if case .boolValue(let bool) = value.kind { bool } else { nil } }

    /// A whole number, also one that is written as a text, as Google does with 64 bits.
    package var integer: Int64? {
        switch value.kind {
        case .numberValue(let number): Int64(exactly: number)
        case .stringValue(let text): Int64(text)
        default: nil
        }
    }
}
