import ServingPrimitives
import Synchronization

/// How many values the rows of each table have: what is asked for, else what the first row that anybody read had.
final class TableWidths: Sendable {
    struct Width: Sendable {
        var count: Int
        /// Who says so, for errors.
        var origin: String
    }

    private let widths: Mutex<[Width?]>

    init(_ expected: [Int?]) {
        widths = Mutex(expected.map { $0.map { Width(count: $0, origin: "expected") } })
    }

    /// The width of the table, which is `count` when nobody knew it before.
    func claim(_ count: Int, of table: Int, _ origin: @autoclosure () -> String) -> Width {
        let known = widths.withLock { $0[table] }
        if let known { return known }
        let claimed = Width(count: count, origin: origin())
        return widths.withLock { widths in
            if let known = widths[table] { return known }
            widths[table] = claimed
            return claimed
        }
    }

    func width(of table: Int) -> Int? { widths.withLock { $0[table]?.count } }
}
