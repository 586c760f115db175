import CEpoll
import Cluster
import Glibc
import HTTP2Server
import HTTPClient
import ServingPrimitives
import Synchronization

/// Sends Predict requests to other servers: one thread that has a connection to each, kept as long as both sides want it.
///
/// Completions are called on that thread and have to be short.
final class ReplicaClient: AnswerReceiver, @unchecked Sendable {
    // Sendable: `inbox` guards itself; what is below "The thread's" belongs to that one thread.

    /// The message of the answer, behind gRPC's five bytes, or why there is none: `UNAVAILABLE` when the server cannot be
    /// reached or went away, else what it says. The bytes are there until the completion returns.
    typealias Completion = @Sendable (Result<UnsafeRawBufferPointer, ServingError>) -> Void

    private enum Order: Sendable {
        case send(Call, ticket: Int)
        case giveUp(ticket: Int)
        case retire(ReplicaAddress)
        case resolved(ReplicaAddress, Result<[ServerAddress], ServingError>)
    }

    private struct Call: Sendable {
        var address: ReplicaAddress
        /// With the five bytes before it.
        var message: RequestBody
        var deadline: Deadline
        var completion: Completion
    }

    private struct Inbox: Sendable {
        var orders: [Order] = []
        var tickets = 0
        var hasThread = false
        var isClosed = false

        mutating func add(_ order: Order) -> Need {
            guard !isClosed else { return .refused }
            orders.append(order)
            defer { hasThread = true }
            guard hasThread else { return .thread }
            // The thread takes all that is there: whoever came first has woken it.
            return orders.count == 1 ? .signal : .nothing
        }
    }

    /// What an order needs to be seen.
    private enum Need: Sendable { case nothing, signal, thread, refused }

    private static let path = "/tensorflow.serving.PredictionService/Predict"
    /// For a name to be resolved, and for a connection to come up.
    private static let connectNanoseconds: UInt64 = 1_000_000_000
    /// The system's resolver blocks, for many seconds where a name server is silent.
    private static let resolverThreads = 4
    private static let eventLimit = 64
    private static let signalKey = UInt64.max

    private let inbox = Mutex(Inbox())
    private let signal = cepoll_make_signal()
    private let epoll = epoll_create1(CInt(EPOLL_CLOEXEC))
    private let resolvers = BlockingThreads(named: "resolve", atMost: resolverThreads)

    // MARK: The thread's

    private var lines: [Int: ReplicaLine] = [:]
    /// Where new requests go.
    private var current: [ReplicaAddress: Int] = [:]
    private var lineCount = 0
    /// What is not answered, and the line that it is on; 0 while a name is resolved.
    private var calls: [Int: (call: Call, line: Int)] = [:]
    private var resolutions: [ReplicaAddress: Resolution] = [:]

    /// A name on its way to addresses.
    private struct Resolution {
        /// Requests that wait for it, by their tickets, until `end`.
        var waiting: [Int]
        var end: MonotonicTime
    }
    /// Lines that something was done with.
    private var touched: Set<Int> = []

    init() {
        // Each signal is an edge: nobody needs to read it.
        _ = cepoll_control(epoll, CInt(EPOLL_CTL_ADD), signal, cepoll_in | cepoll_edge, Self.signalKey)
    }

    deinit {
        Glibc.close(epoll)
        Glibc.close(signal)
    }

    // MARK: From any thread

    /// Sends a request. `completion` is called once, unless the ticket is given up before.
    ///
    /// - Parameter message: with the five bytes before it.
    /// - Returns: a ticket for `giveUp`.
    func send(
        _ message: RequestBody,
        to address: ReplicaAddress,
        by deadline: Deadline,
        completion: @escaping Completion
    ) -> Int {
        let call = Call(address: address, message: message, deadline: deadline, completion: completion)
        let (ticket, need) = inbox.withLock { inbox in
            inbox.tickets += 1
            return (inbox.tickets, inbox.add(.send(call, ticket: inbox.tickets)))
        }
        if need == .refused { completion(.failure(.unavailable("The server is shutting down"))) }
        wakeUp(need)
        return ticket
    }

    /// Nobody waits for the answer any more.
    func giveUp(_ ticket: Int) { order(.giveUp(ticket: ticket)) }

    /// The next request goes over a new connection; those on their way go on.
    func retire(_ address: ReplicaAddress) { order(.retire(address)) }

    /// Ends the thread. What is on its way fails.
    func close() {
        inbox.withLock { $0.isClosed = true }
        cepoll_signal(signal)
    }

    private func order(_ order: Order) { wakeUp(inbox.withLock { $0.add(order) }) }

    private func wakeUp(_ need: Need) {
        switch need {
        case .nothing, .refused: break
        case .signal: cepoll_signal(signal)
        case .thread: startThread(named: "remote") { [self] in run() }
        }
    }

    // MARK: The loop

    private func run() {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 64)
        let events = UnsafeMutablePointer<epoll_event>.allocate(capacity: Self.eventLimit)
        defer {
            buffer.deallocate()
            events.deallocate()
        }
        while takeOrders() {
            flushTouched()
            let count = epoll_wait(epoll, events, CInt(Self.eventLimit), waitMilliseconds())
            for index in 0..<max(0, Int(count)) {
                let key = cepoll_key(events, Int32(index))
                guard key != Self.signalKey, let line = lines[Int(key)] else { continue }
                follow(line, line.connection.handle(cepoll_events(events, Int32(index)), buffer))
                // What came may have to be acknowledged.
                touched.insert(line.connection.key)
            }
            endSlowConnects()
            endSlowResolutions()
        }
        for address in Array(resolutions.keys) { endResolution(of: address, "the server is shutting down") }
        for line in Array(lines.values) { end(line, "the server is shutting down", triesOthers: false) }
    }

    /// Until the next connect, or name, has taken too long.
    private func waitMilliseconds() -> CInt {
        var first: MonotonicTime?
        for line in lines.values where line.connection.state == .connecting {
            first = min(first ?? line.connectEnd, line.connectEnd)
        }
        for resolution in resolutions.values where !resolution.waiting.isEmpty {
            first = min(first ?? resolution.end, resolution.end)
        }
        guard let first else { return -1 }
        return CInt(clamping: first.nanoseconds(since: .now()) / 1_000_000 + 1)
    }

    private func endSlowConnects() {
        let now = MonotonicTime.now()
        for line in Array(lines.values) where line.connection.state == .connecting && line.connectEnd <= now {
            end(line, "it does not accept a connection within a second")
        }
    }

    /// Whether to go on.
    private func takeOrders() -> Bool {
        let (orders, isClosed) = inbox.withLock { inbox in
            defer { inbox.orders = [] }
            return (inbox.orders, inbox.isClosed)
        }
        for order in orders {
            switch order {
            case .send(let call, let ticket): begin(call, ticket)
            case .giveUp(let ticket): drop(ticket)
            case .retire(let address):
                if let key = current.removeValue(forKey: address), let line = lines[key] { closeIfDone(line) }
            case .resolved(let address, let result): resolved(address, result)
            }
        }
        return !isClosed
    }

    private func flushTouched() {
        // A line that ends while it is flushed may touch others.
        while let key = touched.popFirst() {
            guard let line = lines[key] else { continue }
            follow(line, line.connection.flush())
        }
    }

    // MARK: Calls

    private func begin(_ call: Call, _ ticket: Int) {
        if let line = line(to: call.address) {
            calls[ticket] = (call, line.connection.key)
            line.waiting.append(ticket)
            return sendWaiting(line)
        }
        calls[ticket] = (call, 0)
        if resolutions[call.address] != nil {
            waitForName(call.address, ticket)
        } else if let server = ServerAddress(number: call.address.description) {
            connect(call.address, [server], for: [ticket])
        } else {
            resolve(call.address, for: ticket)
        }
    }

    /// The one that takes new requests.
    private func line(to address: ReplicaAddress) -> ReplicaLine? {
        guard let key = current[address], let line = lines[key], !line.connection.client.isFinishing else { return nil }
        return line
    }

    /// Opens a line to the first of the addresses that can be connected to.
    ///
    /// - Parameter tickets: of requests for it.
    private func connect(_ replica: ReplicaAddress, _ servers: ArraySlice<ServerAddress>, for tickets: [Int]) {
        var reason = BrokenAnswer.unreachable
        for (index, server) in zip(servers.indices, servers) {
            lineCount += 1
            let connection = ClientConnection(key: lineCount, address: server, epoll: epoll) { [unowned self] in
                HTTP2Client(receiver: self)
            }
            if let failure = connection.connect() {
                reason = failure
                continue
            }
            let line = ReplicaLine(
                replica,
                connection,
                others: servers[(index + 1)...],
                path: Self.path,
                connectEnd: MonotonicTime.now().advanced(byNanoseconds: Self.connectNanoseconds)
            )
            lines[lineCount] = line
            current[replica] = lineCount
            for ticket in tickets where calls[ticket] != nil {
                calls[ticket]?.line = lineCount
                line.waiting.append(ticket)
            }
            return
        }
        fail(tickets, reason.rawValue)
    }

    private func fail(_ tickets: [Int], _ reason: String) {
        for ticket in tickets {
            guard let (call, _) = calls.removeValue(forKey: ticket) else { continue }
            call.completion(.failure(.unavailable("\(call.address): \(reason)")))
        }
    }

    private func sendWaiting(_ line: ReplicaLine) {
        var sent = 0
        while sent < line.waiting.count, line.connection.canSend {
            let ticket = line.waiting[sent]
            sent += 1
            guard let call = calls[ticket]?.call else { continue }
            line.send(call.message, ticket, by: call.deadline)
            touched.insert(line.connection.key)
        }
        line.waiting.removeFirst(sent)
    }

    private func drop(_ ticket: Int) {
        guard let (_, key) = calls.removeValue(forKey: ticket), let line = lines[key] else { return }
        line.giveUp(ticket)
        touched.insert(key)
    }

    func answered(_ token: Int, _ answer: borrowing Answer) {
        guard let (call, key) = calls.removeValue(forKey: token) else { return }
        lines[key]?.answered(token)
        call.completion(answer.message(of: call.address))
    }

    // MARK: Lines

    private func follow(_ line: ReplicaLine, _ event: ClientConnection.Event) {
        switch event {
        case .ended(let reason): end(line, reason.rawValue)
        case .none, .opened:
            guard line.connection.state == .open else { return }
            line.wasOpen = true
            moveWaiting(line)
            sendWaiting(line)
            line.releaseSent()
            closeIfDone(line)
        }
    }

    /// A server that takes no more requests on a connection gets them over another.
    private func moveWaiting(_ line: ReplicaLine) {
        guard line.connection.client.isFinishing, !line.waiting.isEmpty else { return }
        let waiting = line.waiting
        line.waiting = []
        for ticket in waiting { if let (call, _) = calls.removeValue(forKey: ticket) { begin(call, ticket) } }
    }

    private func closeIfDone(_ line: ReplicaLine) {
        let key = line.connection.key
        let isOver = line.connection.client.isFinishing || !current.values.contains(key)
        guard isOver, line.connection.client.inFlight == 0, line.waiting.isEmpty else { return }
        remove(line)
    }

    /// - Parameter triesOthers: what else the replica's name stands for, where this connection never came up.
    private func end(_ line: ReplicaLine, _ reason: String, triesOthers: Bool = true) {
        remove(line)
        // Those on their way; where the connection has ended by itself they have been told.
        line.connection.client.failAll(.closed)
        let waiting = line.waiting
        line.waiting = []
        guard triesOthers, !line.wasOpen, !line.others.isEmpty else { return fail(waiting, reason) }
        connect(line.replica, line.others, for: waiting)
    }

    private func remove(_ line: ReplicaLine) {
        lines[line.connection.key] = nil
        for (address, key) in current where key == line.connection.key { current[address] = nil }
        line.connection.close()
    }

    // MARK: Names

    private func resolve(_ address: ReplicaAddress, for ticket: Int) {
        resolutions[address] = Resolution(waiting: [], end: .now())
        waitForName(address, ticket)
        resolvers.start { [self] in
            let result = Result { () throws(ServingError) in try ServerAddress.all(address.description) }
            order(.resolved(address, result))
        }
    }

    private func waitForName(_ address: ReplicaAddress, _ ticket: Int) {
        guard var resolution = resolutions[address] else { return }
        // The resolver may still be at a name that was given up: nobody asks it twice.
        if resolution.waiting.isEmpty {
            resolution.end = MonotonicTime.now().advanced(byNanoseconds: Self.connectNanoseconds)
        }
        resolution.waiting.append(ticket)
        resolutions[address] = resolution
    }

    private func resolved(_ address: ReplicaAddress, _ result: Result<[ServerAddress], ServingError>) {
        guard let resolution = resolutions.removeValue(forKey: address) else { return }
        switch result {
        // Where nobody waits any more the next request asks again: names change.
        case .success where resolution.waiting.allSatisfy { calls[$0] == nil }: break
        case .success(let servers): connect(address, servers[...], for: resolution.waiting)
        case .failure(let error): fail(resolution.waiting, error.message)
        }
    }

    private func endSlowResolutions() {
        guard !resolutions.isEmpty else { return }
        let now = MonotonicTime.now()
        for (address, resolution) in resolutions where !resolution.waiting.isEmpty && resolution.end <= now {
            endResolution(of: address, "its name does not resolve within a second")
        }
    }

    private func endResolution(of address: ReplicaAddress, _ reason: String) {
        guard let waiting = resolutions[address]?.waiting else { return }
        resolutions[address]?.waiting = []
        fail(waiting, reason)
    }
}
