import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The engine process's end of one line to the server, served by one thread.
final class WorkerChannel: @unchecked Sendable {
    // Sendable: made by the main thread, then handed to the one that serves it.
    private let socket: ChannelSocket
    private let memory: Int32
    private var requests: MappedHalf
    private let answers: MappedHalf

    /// Takes both descriptors over.
    init(_ socket: ChannelSocket, memory: Int32) throws(ServingError) {
        self.socket = socket
        self.memory = memory
        requests = try MappedHalf(.requests, of: memory)
        answers = try MappedHalf(.answers, of: memory)
    }

    /// Answers until the server is gone, and the process with it.
    func serve(_ model: WorkerModel) -> Never {
        while let count = socket.receive() {
            var writer = MessageWriter(answers.memory)
            answer(count, model, &writer)
            guard socket.send(writer.count) else { break }
        }
        // Not through exit handlers: other threads may be running the model.
        _exit(0)
    }

    private func answer(_ count: Int, _ model: WorkerModel, _ writer: inout MessageWriter) {
        let request = MessageReader(UnsafeRawBufferPointer(rebasing: requests.memory[..<count]), owner: requests)
        model.answer(request, &writer)
        leaveKeptInputs(of: count)
    }

    /// A model may keep an input, as the value of a variable: its memory is left to it, as the next request comes to the
    /// same place.
    private func leaveKeptInputs(of count: Int) {
        guard !isKnownUniquelyReferenced(&requests) else { return }
        do throws(ServingError) {
            let fresh = try MappedHalf(.requests, of: memory)
            try requests.makePrivate(count)
            requests = fresh
        } catch {
            // The value that the model keeps cannot be saved from the next request: better no model than a wrong one.
            _exit(1)
        }
    }
}
