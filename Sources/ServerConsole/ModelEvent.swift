public import Servables

/// A version came into a state.
public struct ModelEvent: Sendable, Hashable {
    public var model: String
    public var status: VersionStatus
    /// Milliseconds since 1970.
    public var date: Int64
}

/// The last changes of states, and when each version came into the one it is in.
struct ModelEvents: Sendable {
    static let length = 100

    /// Oldest first.
    private(set) var last: [ModelEvent] = []
    /// By version. Versions are as many as the manager remembers.
    private var dates: [ServableID: Int64] = [:]
    /// How many changes there were.
    private(set) var count = 0

    mutating func add(_ id: ServableID, _ status: VersionStatus, date: Int64) {
        count += 1
        dates[id] = date
        if last.count == Self.length { last.removeFirst() }
        last.append(ModelEvent(model: id.name, status: status, date: date))
    }

    func date(of id: ServableID) -> Int64? { dates[id] }
}
