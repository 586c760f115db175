import ServingPrimitives

/// Tasks in the order in which they should be served: by time, those of one time as they came.
///
/// An array with a dead front: tasks that come in order, and those that leave from the front, cost nothing but
/// themselves; others move the shorter side.
struct DeadlineOrder: Sendable {
    struct Entry: Sendable {
        /// When the task should be served.
        var time: UInt64
        /// When it has to be answered; `UInt64.max` without a deadline.
        var deadline: UInt64
        var sequence: UInt64
        var rows: UInt32
        /// Where the task is kept.
        var place: UInt32
    }

    private var entries: [Entry] = []
    private var first = 0
    /// The sum of the entries' rows.
    private(set) var rows = 0
    /// Entries that have a deadline.
    private var deadlines = 0

    var count: Int { entries.count - first }
    var isEmpty: Bool { entries.count == first }
    /// The entry that is served first.
    var head: Entry { entries[first] }

    subscript(index: Int) -> Entry { entries[first + index] }

    /// Entries that are served before one of that time and number.
    func position(time: UInt64, sequence: UInt64) -> Int {
        if let last = entries.last, last.isBefore(time, sequence) { return count }
        var low = first
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].isBefore(time, sequence) { low = middle + 1 } else { high = middle }
        }
        return low - first
    }

    mutating func insert(_ entry: Entry) {
        let position = position(time: entry.time, sequence: entry.sequence)
        count(entry, 1)
        if position == count {
            entries.append(entry)
        } else if first > 0, position <= count / 2 {
            first -= 1
            for index in first..<first + position { entries[index] = entries[index + 1] }
            entries[first + position] = entry
        } else {
            entries.insert(entry, at: first + position)
        }
    }

    private mutating func count(_ entry: Entry, _ sign: Int) {
        rows += sign * Int(entry.rows)
        if entry.deadline < .max { deadlines += sign }
    }

    mutating func removeFirst(_ number: Int) {
        for index in first..<first + number { count(entries[index], -1) }
        first += number
        if first == entries.count {
            entries.removeAll(keepingCapacity: true)
            first = 0
        } else if first >= 1024, first * 2 >= entries.count {
            entries.removeFirst(first)
            first = 0
        }
    }

    /// Takes out a task wherever it is.
    mutating func remove(time: UInt64, sequence: UInt64) {
        let position = position(time: time, sequence: sequence)
        precondition(position < count && self[position].sequence == sequence, "the task is in this order")
        count(self[position], -1)
        guard position < count / 2 else {
            entries.remove(at: first + position)
            return
        }
        for index in stride(from: first + position, to: first, by: -1) { entries[index] = entries[index - 1] }
        first += 1
    }
}

extension DeadlineOrder.Entry {
    fileprivate func isBefore(_ time: UInt64, _ sequence: UInt64) -> Bool {
        self.time < time || self.time == time && self.sequence < sequence
    }
}

extension DeadlineOrder: PlannedTasks {
    var hasDeadlines: Bool { deadlines > 0 }

    func task(_ index: Int) -> (rows: Int, deadline: UInt64) {
        let entry = self[index]
        return (Int(entry.rows), entry.deadline)
    }
}
