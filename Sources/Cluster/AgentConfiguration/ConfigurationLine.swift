/// One line of an agent's configuration file: `KEY VALUE`, `KEY = VALUE`, `include FILE`, nothing.
///
/// `#` begins a comment, also behind a value. Key and value are parted by the first run of spaces, tabs and `=`.
enum ConfigurationLine: Hashable {
    case empty
    case include(String)
    /// The value is empty where none is given.
    case value(key: String, String)

    init(_ line: Substring) {
        let text = Self.trimmed(line.prefix { $0 != "#" })
        guard !text.isEmpty else {
            self = .empty
            return
        }
        let key = text.prefix { !Self.separators.contains($0) }
        let value = text[key.endIndex...].drop { Self.separators.contains($0) }
        self = key == "include" ? .include(String(value)) : .value(key: String(key), String(value))
    }

    private static let separators: Set<Character> = [" ", "\t", "="]

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return text
    }
}
