import ServingPrimitives

/// The tasks that wait in a queue, found by ticket in constant time; the places of those that left are used again.
struct TaskStore<Payload: Sendable>: Sendable {
    struct Waiting: Sendable {
        var payload: Payload
        var terms: TaskTerms
        var enqueueTime: MonotonicTime
        var sequence: UInt64
    }

    private struct Place: Sendable {
        var task: Waiting?
        var generation: UInt32 = 0
    }

    private var places: [Place] = []
    private var free: [UInt32] = []

    mutating func insert(_ task: Waiting) -> UInt32 {
        guard let place = free.popLast() else {
            places.append(Place(task: task))
            return UInt32(places.count - 1)
        }
        places[Int(place)].task = task
        return place
    }

    /// The task at a place that an entry of a lane names.
    mutating func remove(_ place: UInt32) -> Waiting {
        // A lane's entries and the places that hold tasks are always the same.
        let task = places[Int(place)].task!
        places[Int(place)].task = nil
        places[Int(place)].generation &+= 1
        free.append(place)
        return task
    }

    func ticket(for place: UInt32) -> TaskTicket {
        TaskTicket(number: UInt64(places[Int(place)].generation) << 32 | UInt64(place))
    }

    /// The place of a ticket's task, while it waits.
    func place(of ticket: TaskTicket) -> UInt32? {
        let place = Int(ticket.number & 0xffff_ffff)
        guard place < places.count, places[place].generation == UInt32(ticket.number >> 32) else { return nil }
        return places[place].task == nil ? nil : UInt32(place)
    }

    subscript(place: UInt32) -> Waiting {
        // As in `remove`.
        places[Int(place)].task!
    }
}
