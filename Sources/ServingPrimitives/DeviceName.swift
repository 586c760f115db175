/// The name of a device that models run on: `CPU:2`, `GPU:0`.
///
/// TensorFlow's longer forms are read as well: `/device:GPU:0`, `/job:localhost/replica:0/task:0/device:GPU:0`, and those
/// of another process, like `/job:worker/replica:0/task:1/device:CPU:0`, which keep their first part.
public struct DeviceName: Sendable, Hashable, CustomStringConvertible {
    /// `CPU`, `GPU`: capital letters.
    public let kind: String
    public let index: Int
    /// `/job:worker/replica:0/task:1` for a device of another process; empty for one of this.
    public let task: String

    private static let localTask = "/job:localhost/replica:0/task:0"
    private static let maximumLength = 128
    /// More devices of one kind than any machine has.
    private static let maximumIndex = 1023

    /// - Returns: `nil` for what is no such name.
    public init?(_ text: some StringProtocol) {
        guard text.utf8.count <= Self.maximumLength else { return nil }
        var rest = Substring(text)
        var task = ""
        if rest.hasPrefix("/job:") {
            guard let slash = rest.range(of: "/device:") else { return nil }
            task = String(rest[..<slash.lowerBound])
            rest = rest[slash.upperBound...]
        } else if rest.hasPrefix("/device:") {
            rest = rest.dropFirst("/device:".count)
        }
        guard let colon = rest.firstIndex(of: ":") else { return nil }
        let (kind, digits) = (rest[..<colon].uppercased(), rest[rest.index(after: colon)...])
        guard Self.isKind(kind), Self.isTask(task), !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }),
            let index = Int(digits), index <= Self.maximumIndex
        else { return nil }
        self.kind = kind
        self.index = index
        self.task = task == Self.localTask ? "" : task
    }

    private static func isKind(_ text: String) -> Bool {
        guard let first = text.utf8.first, (65...90).contains(first) else { return false }
        return text.utf8.allSatisfy { (65...90).contains($0) || (48...57).contains($0) || $0 == UInt8(ascii: "_") }
    }

    /// Empty, or `/job:NAME` with `/replica:N` and `/task:N`.
    private static func isTask(_ text: String) -> Bool {
        text.utf8.allSatisfy { byte in
            (65...90).contains(byte) || (97...122).contains(byte) || (47...58).contains(byte)
                || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
        }
    }

    public var isCPU: Bool { kind == "CPU" }

    /// As people write it.
    public var description: String { task.isEmpty ? "\(kind):\(index)" : nameInGraph }

    /// As a graph's nodes have it.
    public var nameInGraph: String { "\(task)/device:\(kind):\(index)" }
}

extension Substring {
    /// The first place where `text` stands.
    fileprivate func range(of text: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            let rest = self[start...]
            if rest.hasPrefix(text) { return start..<rest.index(start, offsetBy: text.count) }
            start = index(after: start)
        }
        return nil
    }
}
