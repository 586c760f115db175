/// The open lists and objects around a place in a JSON document: one bit each, because a hostile document is nothing
/// but opening brackets.
struct JSONNesting {
    private var words: [UInt64] = []
    private var current: UInt64 = 0
    private(set) var depth = 0

    /// Only meaningful when `depth` is above 0.
    var innermostIsObject: Bool { current & 1 == 1 }

    mutating func push(isObject: Bool) {
        if depth & 63 == 0, depth > 0 {
            words.append(current)
            current = 0
        }
        current = current << 1 | (isObject ? 1 : 0)
        depth += 1
    }

    mutating func pop() {
        depth -= 1
        current >>= 1
        if depth & 63 == 0, depth > 0 { current = words.removeLast() }
    }
}
