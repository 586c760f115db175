import ServingPrimitives

/// Has watches looked at when they are due, and waits until the next are.
struct LookRounds {
    private struct Armed {
        var number: UInt64
        var due: MonotonicTime
        var pause: Task<Void, Never>
    }

    private let queue: LookQueue
    private let pause: FileSystemSource.Pause
    private let pauseEnded: @Sendable (UInt64) -> Void
    private var schedule = LookSchedule()
    /// Watches whose looks are not together with those of others that began with them.
    private var spread: Set<UInt64> = []
    private var armed: Armed?
    private var lastNumber: UInt64 = 0

    /// - Parameter pauseEnded: told the number of each pause that is over.
    init(
        queue: LookQueue,
        pause: @escaping FileSystemSource.Pause,
        pauseEnded: @escaping @Sendable (UInt64) -> Void
    ) {
        self.queue = queue
        self.pause = pause
        self.pauseEnded = pauseEnded
    }

    /// Now.
    func look(at watches: [WatchedModels.Watch]) {
        queue.add(watches.map { ($0.id, $0.monitor) }, at: .now())
    }

    /// Later.
    ///
    /// - Parameters:
    ///   - nanoseconds: from now.
    ///   - isSettled: nothing of it is being written.
    ///   - crowding: 1 where each watch is looked at as often as was asked for; more where there are too many.
    mutating func look(at id: UInt64, in nanoseconds: UInt64, isSettled: Bool, crowding: UInt64) {
        let now = MonotonicTime.now()
        var pause = nanoseconds
        if isSettled, crowding > 1, spread.insert(id).inserted { pause = Self.part(of: nanoseconds, for: id) }
        let grid = isSettled ? nanoseconds / Self.roundsPerInterval : 0
        schedule.add(id, at: now.advanced(byNanoseconds: pause), grid: grid)
        arm(now)
    }

    /// - Parameter watch: what is known of one; `nil` when it is over.
    mutating func pauseEnded(_ number: UInt64, watch: (UInt64) -> WatchedModels.Watch?) {
        guard let due = armed?.due, armed?.number == number else { return }
        armed = nil
        // The pause is what tells the time here.
        let now = max(MonotonicTime.now(), due)
        var items: [LookQueue.Item] = []
        for id in schedule.takeDue(now) {
            if let watch = watch(id) { items.append((id, watch.monitor)) } else { spread.remove(id) }
        }
        queue.add(items, at: now)
        arm(now)
    }

    mutating func end() {
        armed?.pause.cancel()
        armed = nil
        queue.removeAll()
    }

    private mutating func arm(_ now: MonotonicTime) {
        guard let due = schedule.next, armed.map({ due < $0.due }) ?? true else { return }
        armed?.pause.cancel()
        lastNumber += 1
        let (number, nanoseconds) = (lastNumber, due > now ? due.nanoseconds(since: now) : 0)
        armed = Armed(
            number: number,
            due: due,
            pause: Task { [pause, pauseEnded] in
                await pause(nanoseconds)
                if !Task.isCancelled { pauseEnded(number) }
            }
        )
    }

    private static let roundsPerInterval: UInt64 = 50

    /// Watches that began together are not looked at together for ever: thousands of looks at once would hold up requests.
    /// Multiples of the golden ratio fill the interval evenly.
    static func part(of nanoseconds: UInt64, for id: UInt64) -> UInt64 {
        (id &* 0x9E37_79B9_7F4A_7C15).multipliedFullWidth(by: nanoseconds).high
    }
}
