import ModelServing
import ServingConfig
import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// `tensorflow_model_server`: the same server behind TensorFlow Serving's own flags, exit statuses and start-up texts.
@main
struct ModelServerMain {
    /// What the stock binary's `return -1` from `main` becomes.
    private static let failureStatus: Int32 = 255

    static func main() async {
        EngineWorkerProcess.runIfAsked(CommandLine.arguments)
        switch ModelServerFlags.parse(CommandLine.arguments) {
        case .printVersion:
            print("TensorFlow ModelServer: \(ServerVersion.text) (Apus)")
            print("TensorFlow Library: \(ModelServerProcess.engineVersion)")
        case .printUsage(let usage, let error):
            if let error { complain(error) }
            leave(usage)
        case .serve(let flags, let notice):
            if let notice {
                print(notice, terminator: "")
                // Now, not when the server ends: standard output may be a pipe or a file.
                fflush(nil)
            }
            await serve(flags)
        }
    }

    private static func serve(_ flags: ModelServerFlags) async {
        do {
            let configuration = try flags.configuration()
            if let error = ServingError.listing(configuration.problems()) { throw error }
            try await ModelServerProcess.run(configuration)
            ModelServerProcess.leave(0)
        } catch {
            leave("Failed to start server. Error: \(error)\n")
        }
    }

    private static func leave(_ text: String) -> Never {
        print(text, terminator: "")
        ModelServerProcess.leave(failureStatus)
    }

    private static func complain(_ text: String) {
        var line = text + "\n"
        _ = line.withUTF8 { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
