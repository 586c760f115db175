/// A small JSON document to look into: what stores answer, what nodes of ZooKeeper hold. Bodies of requests have a reader of
/// their own.
package enum JSONTree: Sendable, Hashable {
    case null
    case bool(Bool)
    /// As it is written.
    case number(String)
    case string(String)
    case array([JSONTree])
    /// Of members with the same name the last counts.
    case object([String: JSONTree])

    /// `nil` for what is no JSON (RFC 8259), or is nested deeper than `maximumDepth`.
    package init?(_ bytes: [UInt8]) {
        var parser = JSONTreeParser(bytes)
        guard let tree = parser.document() else { return nil }
        self = tree
    }

    package static let maximumDepth = 100

    package subscript(_ name: String) -> JSONTree? {
        if case .object(let members) = self { members[name] } else { nil }
    }

    package var list: [JSONTree]? { if case .array(let items) = self { items } else { nil } }

    package var text: String? { if case .string(let text) = self { text } else { nil } }

    package var bool: Bool? { if case .bool(let bool) = self { bool } else { nil } }

    /// A whole number, also one that is written as a text, as Google does with 64 bits.
    package var integer: Int64? {
        switch self {
        case .number(let digits): Int64(digits) ?? Double(digits).flatMap { Int64(exactly: $0) }
        case .string(let text): Int64(text)
        default: nil
        }
    }

    /// What kind of value it is, for errors.
    package var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a text"
        case .array: "a list"
        case .object: "an object"
        }
    }
}
