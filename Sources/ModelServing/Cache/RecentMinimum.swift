import ServingPrimitives

/// The least of the values seen lately: what rises for a moment and falls again does not count, what stays does.
struct RecentMinimum {
    private let nanoseconds: UInt64
    private var began: MonotonicTime?
    private var current = 0
    private var previous: Int?

    /// - Parameter nanoseconds: for how long a value counts at least, and half of the longest that it does.
    init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    /// 0 before the first value.
    var value: Int { min(previous ?? current, current) }

    mutating func note(_ value: Int, at now: MonotonicTime) {
        guard let began else { return begin(value, at: now) }
        let age = now.nanoseconds(since: began)
        if age < nanoseconds {
            current = min(current, value)
        } else {
            previous = age < 2 * nanoseconds ? current : nil
            begin(value, at: now)
        }
    }

    private mutating func begin(_ value: Int, at now: MonotonicTime) {
        (began, current) = (now, value)
    }
}
