public import EngineInterface
public import ServingPrimitives
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// What an engine process does: loads one model and runs it for the server that started it, until that ends it or is gone.
public enum EngineWorker {
    /// The first word of the command line that makes a server's executable an engine process. The second is the number of
    /// channels, whose descriptors are there from `firstDescriptor` on.
    public static let command = "engine-process"
    static let firstDescriptor: Int32 = 3

    /// Never returns.
    ///
    /// - Parameters:
    ///   - arguments: what follows `command`.
    ///   - makeEngine: makes the engine of the settings that `ProcessEngine` was given.
    public static func run(
        _ arguments: [String],
        makeEngine: @escaping @Sendable ([UInt8]) throws(ServingError) -> any InferenceEngine
    ) -> Never {
        guard let count = arguments.first.flatMap({ Int32($0) }), (1...4096).contains(count) else {
            complain("apus \(command): for the server's own use: it starts a process so for a model with isolation")
        }
        // The server decides when it ends; a terminal or a service manager tells all processes.
        for ignored in [SIGINT, SIGTERM, SIGHUP] { signal(ignored, SIG_IGN) }
        offerToBeKilledFirst()
        let model = WorkerModel(makeEngine: makeEngine)
        do throws(ServingError) {
            for index in 0..<count {
                let socket = ChannelSocket(descriptor: firstDescriptor + 2 * index)
                let channel = try WorkerChannel(socket, memory: firstDescriptor + 2 * index + 1)
                try startThreadIfPossible(named: "engine-run") { channel.serve(model) }
            }
        } catch {
            complain("apus \(command): \(error.message)")
        }
        while true { pause() }
    }

    /// When memory runs out, the system had better end one model than the server.
    private static func offerToBeKilledFirst() {
        let file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        _ = write(file, "500", 3)
        close(file)
    }

    private static func complain(_ text: String) -> Never {
        var line = text + "\n"
        _ = line.withUTF8 { write(STDERR_FILENO, $0.baseAddress, $0.count) }
        _exit(1)
    }
}
