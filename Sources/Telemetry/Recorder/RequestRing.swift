/// The last so many requests.
struct RequestRing {
    private let capacity: Int
    private var records: [RequestRecord] = []
    /// Where the next one goes: the place of the oldest, once all are taken.
    private var next = 0

    init(capacity: Int) {
        self.capacity = capacity
        records.reserveCapacity(capacity)
    }

    mutating func add(_ record: RequestRecord) {
        guard capacity > 0 else { return }
        if records.count < capacity { records.append(record) } else { records[next] = record }
        next = next + 1 == capacity ? 0 : next + 1
    }

    /// In no particular order.
    var all: [RequestRecord] { records }
}
