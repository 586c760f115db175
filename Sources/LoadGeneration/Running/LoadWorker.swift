import CEpoll
import Glibc
import HTTPClient
import ServingPrimitives

/// One thread's share of a load: its connections, kept from slice to slice, and the loop that drives them.
///
/// An epoll loop of its own instead of an event loop of NIO: the generator shares the machine with the server, and the
/// loop decides when it sleeps, wakes by a timer of nanoseconds, and sends. Used by one thread at a time.
final class LoadWorker: @unchecked Sendable {
    // Sendable: `LoadRunner` gives it to one thread for a slice and waits for that one's end.

    struct Request {
        /// When it was meant to be sent, from the start of the slice.
        var intended: UInt64 = 0
        var connection: Int32 = 0
        var handle: UInt32 = 0
        var request: Int32 = 0
        /// Tells a request from an earlier one with the same token.
        var generation: UInt32 = 0
        var isInFlight = false
    }

    enum Phase {
        case connecting
        case sending
        case draining
        case idle
    }

    static let receiveByteCount = 256 << 10
    static let eventLimit = 256
    private static let farNanoseconds: UInt64 = 50_000_000

    let targets: [LoadTarget]
    let board: ProgressBoard
    let epoll = epoll_create1(CInt(EPOLL_CLOEXEC))
    let timer = timerfd_create(CLOCK_MONOTONIC, CInt(TFD_NONBLOCK | TFD_CLOEXEC))
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: receiveByteCount, alignment: 64)
    let events = UnsafeMutablePointer<epoll_event>.allocate(capacity: eventLimit)
    var armedTime: UInt64 = 0

    var connections: [ClientConnection] = []
    /// Keys of the connections of each target.
    var pools: [[Int]]
    var checkers: [AnswerChecker] = []

    // The slice.
    var order: SliceOrder
    /// Of the slice's target: looked up once, as the loop needs them for each request.
    var wire = LoadTarget.Wire.http2
    var prepared: [PreparedRequest] = []
    var phase = Phase.idle
    var tally = SliceTally()
    var start: UInt64 = 0
    var now: UInt64 = 0
    var requests: [Request] = []
    var freeTokens: [Int] = []
    var inFlight = 0
    var sent = 0
    var nextRequest = 0
    var nextConnection = 0
    var dirty: [ClientConnection] = []
    var schedule: ArrivalSchedule?
    var nextArrival: UInt64?
    /// Arrivals that no connection had room for, by their intended times.
    var backlog = FIFO<UInt64>()
    var expiries = FIFO<(token: Int, generation: UInt32)>()
    var nextTick: UInt64 = 0
    var connectEnd: UInt64 = 0
    var hasClosedConnections = false
    private var bytesBefore: (received: UInt64, sent: UInt64) = (0, 0)
    /// HTTP/1.1 connections with nothing in flight.
    var available: [ClientConnection] = []

    init(targets: [LoadTarget], board: ProgressBoard) {
        self.targets = targets
        self.board = board
        pools = Array(repeating: [], count: targets.count)
        order = SliceOrder.nothing
        _ = cepoll_control(
            epoll,
            CInt(EPOLL_CTL_ADD),
            timer,
            // Edge-triggered, so that nobody has to read it.
            cepoll_in | cepoll_edge,
            UInt64.max
        )
    }

    deinit {
        for connection in connections { connection.close() }
        close(epoll)
        close(timer)
        buffer.deallocate()
        events.deallocate()
    }

    var pool: [Int] { pools[order.target] }

    /// Runs one slice to its end.
    func run(_ order: SliceOrder) -> SliceTally {
        begin(order)
        phase = .connecting
        openFirstConnections()
        loop(until: { self.connectingIsOver })
        startSending()
        loop(until: { self.sendingIsOver })
        tally.duration = now &- start
        phase = .draining
        let drainEnd = now &+ order.grace
        loop(wakeAt: drainEnd, until: { self.inFlight == 0 && self.backlog.isEmpty || self.now >= drainEnd })
        // A closed loop's requests come as answers go: the last ones belong to its time.
        if schedule == nil { tally.duration = now &- start }
        abandonRest()
        phase = .idle
        for key in pool {
            tally.bytesIn &+= connections[key].bytesIn
            tally.bytesOut &+= connections[key].bytesOut
        }
        tally.bytesIn &-= bytesBefore.received
        tally.bytesOut &-= bytesBefore.sent
        return tally
    }

    private func begin(_ order: SliceOrder) {
        self.order = order
        wire = targets[order.target].wire
        prepared = targets[order.target].requests
        tally = SliceTally()
        if checkers.isEmpty || checkers.count != targets.count {
            checkers = targets.map {
                AnswerChecker(requestCount: $0.requests.count, requiresEqual: order.requiresEqualAnswers)
            }
        }
        sent = 0
        backlog.removeAll()
        expiries.removeAll()
        schedule = nil
        nextArrival = nil
        now = MonotonicTime.now().nanoseconds
        bytesBefore = (0, 0)
        for key in pool {
            bytesBefore.received &+= connections[key].bytesIn
            bytesBefore.sent &+= connections[key].bytesOut
        }
    }

    private func startSending() {
        now = MonotonicTime.now().nanoseconds
        start = now
        phase = .sending
        switch order.load {
        case .closed: for key in pool { fill(connections[key]) }
        case .open(var schedule):
            nextArrival = schedule.next()
            self.schedule = schedule
            for connection in available { connection.isListed = false }
            available.removeAll()
            for key in pool { roomCame(connections[key]) }
        }
        flushDirty()
    }

    private var sendingIsOver: Bool {
        if board.isInterrupted || sent >= order.requestLimit { return true }
        // A recorded or finite schedule is over with its last arrival.
        if schedule != nil, nextArrival == nil { return true }
        return now &- start >= order.duration
    }

    // MARK: The loop

    private func loop(wakeAt limit: UInt64 = .max, until isOver: () -> Bool) {
        while !isOver() {
            wait(until: min(limit, nextWake()))
            now = MonotonicTime.now().nanoseconds
            sendDue()
            expire()
            reconnect()
            flushDirty()
            board.tick(self)
        }
    }

    private func nextWake() -> UInt64 {
        // Interrupts and progress are looked after by the way.
        var time = now &+ 100_000_000
        if phase == .sending {
            if let nextArrival { time = min(time, start &+ nextArrival) }
            time = min(time, start &+ order.duration)
        }
        if let deadline = order.deadline, order.cancelsExpired, let first = expiries.first {
            time = min(time, start &+ requests[first.token].intended &+ deadline)
        }
        return time
    }

    /// By the timer where it matters when this ends; a far end is left to `epoll_wait`, which costs no further call.
    private func wait(until time: UInt64) {
        var timeout: CInt = -1
        if order.spins && phase == .sending || time <= now {
            timeout = 0
        } else if time &- now >= Self.farNanoseconds {
            timeout = CInt((time &- now) / 1_000_000)
        } else if time != armedTime {
            _ = cepoll_set_timer(timer, time)
            armedTime = time
        }
        let count = epoll_wait(epoll, events, CInt(Self.eventLimit), timeout)
        guard count > 0 else { return }
        now = MonotonicTime.now().nanoseconds
        for index in 0..<count {
            let key = cepoll_key(events, index)
            if key == .max {
                armedTime = 0
                continue
            }
            handle(connections[Int(key)], cepoll_events(events, index))
        }
    }

    func markDirty(_ connection: ClientConnection) {
        guard !connection.isDirty else { return }
        connection.isDirty = true
        dirty.append(connection)
    }

    func flushDirty() {
        // A connection that ends while it is flushed may add others.
        var index = 0
        while index < dirty.count {
            let connection = dirty[index]
            connection.isDirty = false
            follow(connection, connection.flush())
            index += 1
        }
        dirty.removeAll(keepingCapacity: true)
    }
}

extension SliceOrder {
    static let nothing = SliceOrder(
        target: 0,
        load: .closed(inFlight: 0),
        connections: 0,
        connectionLimit: 0,
        duration: 0,
        requestLimit: 0,
        deadline: nil,
        cancelsExpired: false,
        grace: 0,
        requiresEqualAnswers: false,
        spins: false
    )
}
