import HTTPClient
import ServingPrimitives

extension LoadWorker: AnswerReceiver {
    // MARK: Sending

    /// Room for requests came up on a connection.
    func roomCame(_ connection: ClientConnection) {
        // What waits is sent even after the last arrival.
        guard phase == .sending || phase == .draining else { return }
        switch order.load {
        case .closed: if phase == .sending { fill(connection) }
        case .open:
            while let intended = backlog.first, connection.canSend {
                backlog.removeFirst()
                sendArrival(intended, on: connection)
            }
            if wire == .http1, connection.canSend { list(connection) }
        }
    }

    func list(_ connection: ClientConnection) {
        guard !connection.isListed else { return }
        connection.isListed = true
        available.append(connection)
    }

    /// Closed loop: as many in flight as the connection is to have.
    func fill(_ connection: ClientConnection) {
        while connection.client.inFlight < connection.quota, connection.canSend, sent < order.requestLimit {
            let offset = now &- start
            if offset >= order.duration { return }
            tally.countOffered(at: offset)
            send(intended: offset, on: connection)
        }
    }

    /// Open loop: sends what is due.
    func sendDue() {
        guard schedule != nil else { return }
        sendBacklog()
        guard phase == .sending else { return }
        while let arrival = nextArrival, start &+ arrival <= now, arrival < order.duration {
            nextArrival = schedule?.next()
            tally.countOffered(at: arrival)
            sent += 1
            if backlog.isEmpty, let connection = freeConnection() {
                sendArrival(arrival, on: connection)
            } else {
                backlog.append(arrival)
                growIfAllowed()
            }
            if sent >= order.requestLimit { return }
        }
    }

    /// Sends what waited for room, for which there may be some now.
    private func sendBacklog() {
        guard phase == .sending || phase == .draining else { return }
        while let intended = backlog.first, let connection = freeConnection() {
            backlog.removeFirst()
            sendArrival(intended, on: connection)
        }
        if !backlog.isEmpty { growIfAllowed() }
    }

    private func freeConnection() -> ClientConnection? {
        if wire == .http1 {
            while let connection = available.popLast() {
                connection.isListed = false
                if connection.canSend { return connection }
            }
            return nil
        }
        let pool = pool
        for _ in pool {
            nextConnection = nextConnection + 1 < pool.count ? nextConnection + 1 : 0
            if connections[pool[nextConnection]].canSend { return connections[pool[nextConnection]] }
        }
        return nil
    }

    private func sendArrival(_ intended: UInt64, on connection: ClientConnection) {
        tally.lateness.record(now &- start &- intended)
        if let deadline = order.deadline, order.cancelsExpired, now &- start >= intended &+ deadline {
            return tally.countError(.broken(.expired), message: nil)
        }
        send(intended: intended, on: connection)
    }

    private func send(intended: UInt64, on connection: ClientConnection) {
        let token = takeToken()
        let index = nextRequest < prepared.count ? nextRequest : 0
        nextRequest = index + 1
        requests[token].intended = intended
        requests[token].connection = Int32(connection.key)
        requests[token].request = Int32(index)
        requests[token].isInFlight = true
        inFlight += 1
        if schedule == nil { sent += 1 }
        requests[token].handle = connection.client.send(prepared[index], token: token)
        if order.deadline != nil, order.cancelsExpired {
            expiries.append((token, requests[token].generation))
        }
        markDirty(connection)
    }

    private func takeToken() -> Int {
        if let token = freeTokens.popLast() { return token }
        requests.append(Request())
        return requests.count - 1
    }

    private func release(_ token: Int) {
        requests[token].isInFlight = false
        requests[token].generation &+= 1
        freeTokens.append(token)
        inFlight -= 1
    }

    // MARK: Answers

    func answered(_ token: Int, _ answer: borrowing Answer) {
        let request = requests[token]
        release(token)
        let connection = connections[Int(request.connection)]
        count(request, answer)
        roomCame(connection)
    }

    private func count(_ request: Request, _ answer: borrowing Answer) {
        let latency = now &- start &- request.intended
        if let outcome = failure(request, answer) {
            return tally.countError(outcome, message: Self.message(answer))
        }
        tally.ok += 1
        tally.latency.record(latency)
        if latency <= order.deadline ?? .max { tally.countGood(at: request.intended) }
    }

    /// What is wrong with an answer; `nil` when it is good.
    private func failure(_ request: Request, _ answer: borrowing Answer) -> Outcome? {
        switch answer.kind {
        case .grpc(0), .http(200): break
        case .grpc(let status): return .grpc(status)
        case .http(let status): return .http(status)
        case .broken(let reason): return .broken(reason)
        }
        let index = Int(request.request)
        let check = prepared[index].check
        return checkers[order.target].fault(of: index, check, answer.body).map { .broken($0) }
    }

    private static func message(_ answer: borrowing Answer) -> String? {
        if let message = answer.message { return message }
        guard case .http = answer.kind else { return nil }
        return String(decoding: answer.body.prefix(300), as: UTF8.self)
    }

    // MARK: What is not answered

    /// gRPC clients give a request up when its deadline passes.
    func expire() {
        guard let deadline = order.deadline, order.cancelsExpired else { return }
        while let first = expiries.first {
            let request = requests[first.token]
            guard request.isInFlight, request.generation == first.generation else {
                expiries.removeFirst()
                continue
            }
            guard start &+ request.intended &+ deadline <= now else { return }
            expiries.removeFirst()
            giveUp(first.token, .expired)
        }
    }

    private func giveUp(_ token: Int, _ reason: BrokenAnswer) {
        let request = requests[token]
        let connection = connections[Int(request.connection)]
        release(token)
        tally.countError(.broken(reason), message: nil)
        let stays = connection.client.cancel(request.handle)
        if stays { markDirty(connection) }
        if !stays || isDone(connection) { replace(connection) } else { roomCame(connection) }
    }

    /// Gives up what is still in flight at the end of a slice.
    func abandonRest() {
        while !backlog.isEmpty {
            backlog.removeFirst()
            tally.countError(.broken(.unanswered), message: nil)
        }
        for token in requests.indices where requests[token].isInFlight { giveUp(token, .unanswered) }
        flushDirty()
    }
}
