/// Writes JSON with an indent of one for each level.
struct ProtobufJSON {
    private(set) var text: [UInt8] = []
    private var level = 0
    private var isFirst = true

    mutating func string(_ key: String, _ value: String) {
        begin(key)
        JSONText.appendQuoted(value.utf8, to: &text)
    }

    /// A value that is written without quotes.
    mutating func plain(_ key: String, _ value: String) {
        begin(key)
        text += value.utf8
    }

    mutating func object<E: Error>(_ key: String? = nil, _ members: (inout ProtobufJSON) throws(E) -> Void) throws(E) {
        try container(key, "{", "}", members)
    }

    mutating func list<E: Error>(_ key: String? = nil, _ elements: (inout ProtobufJSON) throws(E) -> Void) throws(E) {
        try container(key, "[", "]", elements)
    }

    /// An element of a list.
    mutating func element(_ value: String) {
        begin(nil)
        text += value.utf8
    }

    private mutating func container<E: Error>(
        _ key: String?,
        _ opening: String,
        _ closing: String,
        _ content: (inout ProtobufJSON) throws(E) -> Void
    ) throws(E) {
        begin(key)
        text += opening.utf8
        let wasFirst = isFirst
        isFirst = true
        level += 1
        try content(&self)
        level -= 1
        if !isFirst { newLine() }
        text += closing.utf8
        isFirst = wasFirst && level == 0
    }

    private mutating func begin(_ key: String?) {
        if level > 0 {
            if !isFirst { text.append(UInt8(ascii: ",")) }
            isFirst = false
            newLine()
        }
        guard let key else { return }
        JSONText.appendQuoted(key.utf8, to: &text)
        text += ": ".utf8
    }

    private mutating func newLine() {
        text.append(UInt8(ascii: "\n"))
        text.append(contentsOf: repeatElement(UInt8(ascii: " "), count: level))
    }
}
