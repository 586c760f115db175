import Glibc

@testable import HTTPClient
@testable import LoadGeneration

/// Records what a protocol engine tells.
final class AnswerLog: AnswerReceiver {
    struct Entry: Equatable {
        var token: Int
        var kind: Answer.Kind
        var body: [UInt8]
        var message: String?
    }

    var entries: [Entry] = []
    /// Requests stay while they are sent, as they do in a run.
    var requests: [PreparedRequest] = []
    /// Called after each answer.
    var whenAnswered: (() -> Void)?

    func answered(_ token: Int, _ answer: borrowing Answer) {
        entries.append(Entry(token: token, kind: answer.kind, body: Array(answer.body), message: answer.message))
        whenAnswered?()
    }

    var kinds: [Answer.Kind] { entries.map(\.kind) }
    var bodies: [String] { entries.map { String(decoding: $0.body, as: UTF8.self) } }
}

extension ProtocolClient {
    /// What the engine has to say, over a real socket.
    func takeOutput() -> [UInt8] {
        var ends: [CInt] = [-1, -1]
        let kind = CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue)
        precondition(socketpair(AF_UNIX, kind, 0, &ends) == 0)
        defer { for end in ends { close(end) } }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        var status: CInt = EAGAIN
        while status == EAGAIN {
            status = output.write(to: ends[0])
            while case let count = read(ends[1], &chunk, chunk.count), count > 0 { bytes += chunk[..<count] }
        }
        precondition(status == 0, "errno \(status)")
        return bytes
    }

    func receive(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try receive($0) } }
    func receive(_ text: String) throws { try receive(Array(text.utf8)) }

    /// The same bytes in pieces of that size.
    func receive(_ bytes: [UInt8], by size: Int) throws {
        for start in stride(from: 0, to: bytes.count, by: size) {
            try receive(Array(bytes[start..<min(start + size, bytes.count)]))
        }
    }
}
