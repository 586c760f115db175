import CEpoll
import Glibc

/// One socket with its protocol engine.
package final class ClientConnection {
    package enum State {
        case closed
        case connecting
        case open
    }

    package enum Event {
        case none
        /// The connection came up.
        case opened
        /// It ended; requests in flight have been told.
        case ended(BrokenAnswer)
    }

    package let key: Int
    package let address: ServerAddress
    package private(set) var state = State.closed
    package private(set) var client: ProtocolClient
    private var descriptor: CInt = -1
    private let epoll: CInt
    private let makeClient: () -> ProtocolClient
    private var waitsForRoom = false

    // For whoever uses it.
    /// Requests that this connection should have in flight, in a closed loop.
    package var quota = 0
    /// Is among those to be written to.
    package var isDirty = false
    /// Is among those that a request can be sent on (HTTP/1.1).
    package var isListed = false
    /// When to connect again, after it failed.
    package var retryTime: UInt64 = 0
    package var failures = 0
    package private(set) var bytesIn: UInt64 = 0
    private var bytesOutBefore: UInt64 = 0
    package var bytesOut: UInt64 { bytesOutBefore &+ client.output.written }

    package init(key: Int, address: ServerAddress, epoll: CInt, makeClient: @escaping () -> ProtocolClient) {
        self.key = key
        self.address = address
        self.epoll = epoll
        self.makeClient = makeClient
        client = makeClient()
    }

    deinit { if descriptor >= 0 { Glibc.close(descriptor) } }

    package var canSend: Bool { state == .open && client.canSend }

    /// Starts to connect; what becomes of it comes as an event.
    package func connect() -> BrokenAnswer? {
        bytesOutBefore &+= client.output.written
        client = makeClient()
        switch address.connect() {
        case .success(let descriptor): self.descriptor = descriptor
        case .failure(let error): return error.brokenAnswer
        }
        state = .connecting
        waitsForRoom = true
        _ = cepoll_control(epoll, CInt(EPOLL_CTL_ADD), descriptor, cepoll_in | cepoll_out, UInt64(key))
        return nil
    }

    /// Ends the connection without a word to the load.
    package func close() {
        guard descriptor >= 0 else { return }
        Glibc.close(descriptor)
        descriptor = -1
        state = .closed
    }

    private func end(_ reason: BrokenAnswer) -> Event {
        close()
        client.failAll(reason)
        return .ended(reason)
    }

    // MARK: Events

    package func handle(_ events: UInt32, _ buffer: UnsafeMutableRawBufferPointer) -> Event {
        if state == .connecting {
            if let reason = connectFailure() { return end(reason) }
            state = .open
            failures = 0
            if case .ended(let reason) = flush() { return .ended(reason) }
            return .opened
        }
        guard state == .open else { return .none }
        if events & cepoll_out != 0, case .ended(let reason) = flush() { return .ended(reason) }
        return events & ~cepoll_out != 0 ? receive(buffer) : .none
    }

    private func connectFailure() -> BrokenAnswer? {
        var number: CInt = 0
        var length = socklen_t(MemoryLayout<CInt>.size)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &number, &length)
        return number == 0 ? nil : SystemError(number: number).brokenAnswer
    }

    private func receive(_ buffer: UnsafeMutableRawBufferPointer) -> Event {
        while true {
            let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
            if count < 0 {
                if errno == EINTR { continue }
                return errno == EAGAIN ? .none : end(.closed)
            }
            if count == 0 {
                client.peerClosed()
                return end(.closed)
            }
            bytesIn &+= UInt64(count)
            do throws(ProtocolFault) {
                try client.receive(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            } catch {
                return end(.protocolFault)
            }
            // A short read emptied the socket: no second call to learn that.
            if count < buffer.count { return .none }
        }
    }

    /// Writes what the engine has to say.
    package func flush() -> Event {
        guard state == .open else { return .none }
        let status = client.output.write(to: descriptor)
        if status != 0, status != EAGAIN { return end(.closed) }
        let waits = status == EAGAIN
        if waits != waitsForRoom {
            waitsForRoom = waits
            _ = cepoll_control(
                epoll,
                CInt(EPOLL_CTL_MOD),
                descriptor,
                waits ? cepoll_in | cepoll_out : cepoll_in,
                UInt64(key)
            )
        }
        return .none
    }
}
