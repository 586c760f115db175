import HTTPClient

extension LoadWorker {
    private static let connectWait: UInt64 = 5_000_000_000
    private static let longestRetry: UInt64 = 500_000_000

    /// Opens what the slice begins with, and sets how much each connection carries.
    func openFirstConnections() {
        connectEnd = now &+ Self.connectWait
        let wanted = max(1, min(order.connections, order.connectionLimit))
        while pool.count < wanted { addConnection() }
        for key in pool {
            connections[key].quota = 0
            connections[key].retryTime = 0
            connections[key].failures = 0
        }
        for key in pool.prefix(wanted) where connections[key].state == .closed { connect(connections[key]) }
        if case .closed(let inFlight) = order.load {
            for index in 0..<wanted {
                connections[pool[index]].quota = inFlight / wanted + (index < inFlight % wanted ? 1 : 0)
            }
        }
        flushDirty()
    }

    var connectingIsOver: Bool {
        let wanted = max(1, min(order.connections, order.connectionLimit))
        return board.isInterrupted || now >= connectEnd
            || pool.prefix(wanted).allSatisfy { connections[$0].canSend || connections[$0].failures > 0 }
    }

    @discardableResult
    func addConnection() -> ClientConnection {
        let wire = wire
        let address = targets[order.target].address
        let connection = ClientConnection(key: connections.count, address: address, epoll: epoll) {
            [unowned self] in
            switch wire {
            case .http1: HTTP1Client(receiver: self)
            case .http2: HTTP2Client(receiver: self)
            }
        }
        connections.append(connection)
        pools[order.target].append(connection.key)
        return connection
    }

    func connect(_ connection: ClientConnection) {
        if let reason = connection.connect() { failed(connection, reason) }
    }

    /// Connections that ended come back, later and later while they keep failing.
    func reconnect() {
        guard hasClosedConnections, phase != .idle else { return }
        hasClosedConnections = false
        for key in pool where connections[key].state == .closed {
            if connections[key].retryTime <= now { connect(connections[key]) } else { hasClosedConnections = true }
        }
    }

    func handle(_ connection: ClientConnection, _ events: UInt32) {
        follow(connection, connection.handle(events, buffer))
    }

    func follow(_ connection: ClientConnection, _ event: ClientConnection.Event) {
        switch event {
        case .none:
            // Answers may have made room, settings may have come.
            if connection.state == .open {
                roomCame(connection)
                if !connection.client.output.isEmpty { markDirty(connection) }
                if isDone(connection) { replace(connection) }
            }
        case .opened:
            roomCame(connection)
            markDirty(connection)
        case .ended(let reason): failed(connection, reason)
        }
    }

    /// Whether the peer wants no more requests on this connection, and none is in flight.
    func isDone(_ connection: ClientConnection) -> Bool {
        connection.client.isFinishing && connection.client.inFlight == 0
    }

    /// Another connection takes this one's place.
    func replace(_ connection: ClientConnection) {
        connection.close()
        hasClosedConnections = true
    }

    private func failed(_ connection: ClientConnection, _ reason: BrokenAnswer) {
        // A server that closes an idle connection does nothing wrong: the first try to come back is at once.
        connection.failures += 1
        let step = UInt64(10_000_000) << UInt64(min(connection.failures, 10))
        let isFirst = connection.failures == 1 && reason == .closed
        connection.retryTime = isFirst ? now : now &+ min(step, Self.longestRetry)
        hasClosedConnections = true
        connectFailed(reason)
    }

    /// Counts a load that cannot be sent at all: in an open loop what waits, in a closed one the try.
    private func connectFailed(_ reason: BrokenAnswer) {
        guard reason == .refused || reason == .unreachable, phase == .sending else { return }
        switch order.load {
        case .closed:
            tally.countOffered(at: now &- start)
            sent += 1
            tally.countError(.broken(reason), message: nil)
        case .open:
            while !backlog.isEmpty {
                backlog.removeFirst()
                tally.countError(.broken(reason), message: nil)
            }
        }
    }

    /// Opens another connection when there is more to send than the present ones take.
    func growIfAllowed() {
        guard pool.count < order.connectionLimit else { return }
        let connecting = pool.count { connections[$0].state == .connecting || connections[$0].isWaitingForSettings }
        guard connecting < max(1, backlog.count) else { return }
        connect(addConnection())
    }
}

extension ClientConnection {
    /// Open, and nothing was sent because the peer's settings have not come.
    var isWaitingForSettings: Bool { state == .open && !client.canSend && client.inFlight == 0 && !client.isFinishing }
}
