import ServingPrimitives

/// The server's end of one line to an engine process. One exchange at a time.
final class EngineChannel: @unchecked Sendable {
    // Sendable: whoever took it from the pool has it for itself.
    private let socket: ChannelSocket
    private let requests: MappedHalf
    private let answers: MappedHalf
    /// Bytes of the last answer.
    private var answerCount = 0

    /// Takes `socket` over; `memory` stays the caller's.
    init(_ socket: ChannelSocket, memory: Int32) throws(ServingError) {
        requests = try MappedHalf(.requests, of: memory)
        answers = try MappedHalf(.answers, of: memory)
        self.socket = socket
    }

    deinit { socket.close() }

    /// Writes a request and waits for the answer.
    ///
    /// - Returns: the answer's bytes, which stay until the next exchange; `nil` when the process is gone.
    func exchange(_ write: (inout MessageWriter) -> Void) throws(ServingError) -> UnsafeRawBufferPointer? {
        answers.discard(answerCount)
        var writer = MessageWriter(requests.memory)
        write(&writer)
        try writer.checkRoom()
        guard socket.send(writer.count), let count = socket.receive() else { return nil }
        requests.discard(writer.count)
        answerCount = count
        return UnsafeRawBufferPointer(rebasing: answers.memory[..<count])
    }
}
