#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// One end of the line on which two processes tell each other that a message lies in their shared memory, and how long
/// it is. It breaks when either process ends.
struct ChannelSocket: Sendable {
    let descriptor: Int32

    /// Two connected ends; `nil`, with `errno` set, when the system refuses.
    static func pair() -> (ChannelSocket, ChannelSocket)? {
        var ends: [Int32] = [-1, -1]
        // Packets: a length arrives whole or not at all.
        let type = Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else { return nil }
        return (ChannelSocket(descriptor: ends[0]), ChannelSocket(descriptor: ends[1]))
    }

    /// - Returns: false when the line is broken.
    func send(_ length: Int) -> Bool {
        var length = UInt64(length)
        while true {
            let sent = Glibc.send(descriptor, &length, 8, Int32(MSG_NOSIGNAL))
            if sent == 8 { return true }
            guard sent < 0, errno == EINTR else { return false }
        }
    }

    /// Blocks until the other end sends.
    ///
    /// - Returns: `nil` when the line is broken, or for a length that no message has.
    func receive() -> Int? {
        var length: UInt64 = 0
        while true {
            let received = recv(descriptor, &length, 8, 0)
            if received == 8 { return length <= UInt64(ChannelMemory.halfSize) ? Int(length) : nil }
            guard received < 0, errno == EINTR else { return nil }
        }
    }

    func close() { Glibc.close(descriptor) }
}
