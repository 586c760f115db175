import ServingPrimitives

/// One JSON object on one line, member by member.
struct JSONLine {
    private(set) var text: [UInt8]
    private var isEmpty = true

    init(capacity: Int = 512) {
        text = []
        text.reserveCapacity(capacity)
        text.append(UInt8(ascii: "{"))
    }

    mutating func string(_ key: StaticString, _ value: String) {
        begin(key)
        JSONQuoting.append(value, to: &text)
    }

    mutating func string(key: String, _ value: String) {
        begin(key)
        JSONQuoting.append(value, to: &text)
    }

    mutating func number(_ key: StaticString, _ value: some BinaryInteger) {
        begin(key)
        text += "\(value)".utf8
    }

    /// Thousandths of `value`, with three digits behind the point: nanoseconds as microseconds.
    mutating func thousandths(_ key: StaticString, _ value: UInt64) {
        begin(key)
        let rest = value % 1000
        text += "\(value / 1000).\(rest < 100 ? rest < 10 ? "00" : "0" : "")\(rest)".utf8
    }

    mutating func bool(_ key: StaticString, _ value: Bool) {
        begin(key)
        text += (value ? "true" : "false").utf8
    }

    /// A member that is JSON already.
    mutating func json(_ key: StaticString, _ value: [UInt8]) {
        begin(key)
        text += value
    }

    mutating func json(key: String, _ value: [UInt8]) {
        begin(key)
        text += value
    }

    /// The object, closed.
    consuming func closed() -> [UInt8] { text + [UInt8(ascii: "}")] }

    private mutating func begin(_ key: StaticString) {
        begin { $0 += UnsafeBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount) }
    }

    private mutating func begin(_ key: String) {
        if !isEmpty { text.append(UInt8(ascii: ",")) }
        isEmpty = false
        JSONQuoting.append(key, to: &text)
        text.append(UInt8(ascii: ":"))
    }

    private mutating func begin(_ key: (inout [UInt8]) -> Void) {
        if !isEmpty { text.append(UInt8(ascii: ",")) }
        isEmpty = false
        text.append(UInt8(ascii: "\""))
        key(&text)
        text += #"":"#.utf8
    }
}
