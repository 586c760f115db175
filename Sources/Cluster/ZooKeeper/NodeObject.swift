import ServingPrimitives

/// The JSON object that a node holds: read with every doubt, written byte for byte as Python's `json.dumps` does.
struct NodeObject {
    enum Value {
        case text(String?)
        case integer(Int64)
    }

    /// More than ZooKeeper takes.
    static let maximumLength = 1 << 20

    private let tree: JSONTree
    private let what: String

    /// - Parameter what: it should be, for errors.
    init(_ bytes: [UInt8], of what: String) throws(ServingError) {
        self.what = what
        guard bytes.count <= Self.maximumLength else {
            throw .invalidArgument("\(what): the node has \(bytes.count) bytes; at most \(Self.maximumLength) are read")
        }
        guard let tree = JSONTree(bytes) else {
            throw .invalidArgument("\(what): the node holds no JSON; expected an object")
        }
        guard case .object = tree else {
            throw .invalidArgument("\(what): the node holds \(tree.kind); expected an object")
        }
        self.tree = tree
    }

    /// `nil` where it is null or not there.
    func text(_ name: String) throws(ServingError) -> String? {
        switch tree[name] {
        case nil, .null: return nil
        case .string(let text): return text
        case .some(let other): throw mistake(name, other, "a text")
        }
    }

    /// `nil` where it is null or not there.
    func integer(_ name: String) throws(ServingError) -> Int64? {
        switch tree[name] {
        case nil, .null: return nil
        case .number(let digits):
            guard let number = tree[name]?.integer else {
                throw .invalidArgument("\(what): \(name) is \(digits); expected a whole number of 64 bits")
            }
            return number
        case .some(let other): throw mistake(name, other, "a whole number")
        }
    }

    private func mistake(_ name: String, _ found: JSONTree, _ expected: String) -> ServingError {
        .invalidArgument("\(what): \(name) is \(found.kind); expected \(expected)")
    }

    // MARK: Writing

    static func bytes(_ members: KeyValuePairs<String, Value>) -> [UInt8] {
        var text = "{"
        for (index, (name, value)) in members.enumerated() {
            text += "\(index == 0 ? "" : ", ")\(quoted(name)): "
            switch value {
            case .text(let content): text += content.map(quoted) ?? "null"
            case .integer(let number): text += "\(number)"
            }
        }
        return Array("\(text)}".utf8)
    }

    /// As Python does without further settings: all but printable ASCII is escaped.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for unit in text.utf16 {
            switch unit {
            case 0x22: result += "\\\""
            case 0x5C: result += "\\\\"
            case 0x08: result += "\\b"
            case 0x09: result += "\\t"
            case 0x0A: result += "\\n"
            case 0x0C: result += "\\f"
            case 0x0D: result += "\\r"
            case 0x20...0x7E: result.unicodeScalars.append(Unicode.Scalar(UInt8(unit)))
            default:
                let digits = String(unit, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            }
        }
        return result + "\""
    }
}
