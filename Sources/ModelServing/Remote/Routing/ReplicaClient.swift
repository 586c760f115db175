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
    }

    private struct Call: Sendable {
        var address: ReplicaAddress
        /// With the five bytes before it.
        var message: [UInt8]
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
    private static let connectNanoseconds: UInt64 = 1_000_000_000
    private static let eventLimit = 64
    private static let signalKey = UInt64.max

    private let inbox = Mutex(Inbox())
    private let signal = cepoll_make_signal()
    private let epoll = epoll_create1(CInt(EPOLL_CLOEXEC))

    // MARK: The thread's

    private var lines: [Int: ReplicaLine] = [:]
    /// Where new requests go.
    private var current: [ReplicaAddress: Int] = [:]
    private var lineCount = 0
    private var calls: [Int: (call: Call, line: Int)] = [:]
    /// Lines that something was done with.
    private var touched: Set<Int> = []

    init() { _ = cepoll_control(epoll, CInt(EPOLL_CTL_ADD), signal, cepoll_in, Self.signalKey) }

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
        _ message: [UInt8],
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
                if key == Self.signalKey {
                    cepoll_clear(signal)
                } else if let line = lines[Int(key)] {
                    follow(line, line.connection.handle(cepoll_events(events, Int32(index)), buffer))
                    // What came may have to be acknowledged.
                    touched.insert(line.connection.key)
                }
            }
            endSlowConnects()
        }
        for line in Array(lines.values) { end(line, "the server is shutting down") }
    }

    /// Until the next connect has taken too long.
    private func waitMilliseconds() -> CInt {
        let ends = lines.values.filter { $0.connection.state == .connecting }.map(\.connectEnd)
        guard let first = ends.min() else { return -1 }
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
        do throws(ServingError) {
            let line = try line(to: call.address)
            calls[ticket] = (call, line.connection.key)
            line.waiting.append(ticket)
            sendWaiting(line)
        } catch {
            call.completion(.failure(error))
        }
    }

    private func line(to address: ReplicaAddress) throws(ServingError) -> ReplicaLine {
        if let key = current[address], let line = lines[key], !line.connection.client.isFinishing { return line }
        lineCount += 1
        let server: ServerAddress
        do throws(ServingError) {
            server = try ServerAddress(address.description)
        } catch {
            throw .unavailable("\(address): \(error.message)")
        }
        let connection = ClientConnection(key: lineCount, address: server, epoll: epoll) { [unowned self] in
            HTTP2Client(receiver: self)
        }
        if let reason = connection.connect() { throw .unavailable("\(address): \(reason.rawValue)") }
        let line = ReplicaLine(
            connection,
            path: Self.path,
            connectEnd: MonotonicTime.now().advanced(byNanoseconds: Self.connectNanoseconds)
        )
        lines[lineCount] = line
        current[address] = lineCount
        return line
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

    private func end(_ line: ReplicaLine, _ reason: String) {
        remove(line)
        // Those on their way; where the connection has ended by itself they have been told.
        line.connection.client.failAll(.closed)
        for ticket in line.waiting {
            guard let (call, _) = calls.removeValue(forKey: ticket) else { continue }
            call.completion(.failure(.unavailable("\(call.address): \(reason)")))
        }
        line.waiting = []
    }

    private func remove(_ line: ReplicaLine) {
        lines[line.connection.key] = nil
        for (address, key) in current where key == line.connection.key { current[address] = nil }
        line.connection.close()
    }
}
