import Foundation
import Inference
import Logging
import ModelSources
import RequestLogging
import Servables
import ServingConfig
import ServingMetrics
import ServingPrimitives
import ServingTestKit
import Synchronization
import Testing
import WireFormat

@testable import ModelServing

/// Log lines as they come.
private final class LogRecorder: LogHandler, @unchecked Sendable {
    // Sendable: only `lines` is used from several threads, and it has a lock.
    let lines = Mutex<[String]>([])
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.warning

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let problems = event.metadata?["problems"].map { " \($0)" } ?? ""
        lines.withLock { $0.append("\(event.message)\(problems)") }
    }
}

/// A file that is read whenever the test lets it be.
private final class Bench: Sendable {
    let path: String
    let recorder = LogRecorder()
    let health: ServingHealth
    let configuration: ModelConfiguration
    private let turns: AsyncStream<Void>
    private let turn: AsyncStream<Void>.Continuation
    private let pauses: AsyncStream<UInt64>
    private let paused: AsyncStream<UInt64>.Continuation

    init() {
        path = NSTemporaryDirectory() + "apus-models-\(UUID().uuidString).config"
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let manager = ServableManager(loaders: PuppetLoaders())
        health = ServingHealth(requiredModels: [], manager: manager)
        configuration = ModelConfiguration(
            manager: manager,
            source: FileSystemSource(models: [], logger: logger),
            health: health,
            metrics: MetricRegistry(),
            requestLogs: RequestLogs(metrics: ServerMetrics(), logger: logger),
            allowsLabelsForUnavailableVersions: false,
            logger: logger
        )
        (turns, turn) = AsyncStream.makeStream()
        (pauses, paused) = AsyncStream.makeStream()
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ text: String) throws { try text.write(toFile: path, atomically: true, encoding: .utf8) }

    func poll() -> Task<Void, Never> {
        let logger = Logger(label: "test") { [recorder] _ in recorder }
        return Task { [self] in
            await ModelConfigurationFile(path: path).poll(
                everySeconds: 7,
                pause: { nanoseconds in
                    self.paused.yield(nanoseconds)
                    for await _ in self.turns { return }
                },
                applying: configuration,
                logger: logger
            )
        }
    }

    /// Lets the file be read once; returns when that is done.
    func readOnce() async {
        turn.yield()
        _ = await nextPause()
    }

    func nextPause() async -> UInt64? { await pauses.first { _ in true } }

    var lines: [String] { recorder.lines.withLock { $0 } }
}

private func config(_ models: String...) -> String {
    let list = models.map { "config { name: '\($0)' base_path: '/\($0)' model_platform: 'tensorflow' }\n" }
    return "model_config_list {\n\(list.joined())}\n"
}

@Suite struct ModelConfigurationFileTests {
    @Test(.timeLimit(.minutes(1)))
    func `a file is applied at every reading, and what is wrong with it is told once`() async throws {
        let bench = Bench()
        let task = bench.poll()
        #expect(await bench.nextPause() == 7_000_000_000)

        try bench.write(config("a", "b"))
        await bench.readOnce()
        #expect(bench.health.status(of: "a") != nil && bench.health.status(of: "b") != nil)
        #expect(bench.lines == [])

        try bench.write("model_config_list {\n  config { nmae: 'a' }\n  config { name: 1 }\n}\n")
        await bench.readOnce()
        await bench.readOnce()
        #expect(bench.lines.count == 1)
        let line = try #require(bench.lines.first)
        #expect(line.hasPrefix("Failed to read ModelServerConfig file: Invalid protobuf file: '\(bench.path)'"))
        #expect(line.contains("2:16: ") && line.contains("3:18: "), "\(line)")
        #expect(bench.health.status(of: "a") != nil, "the running state is untouched")

        try bench.write(config("a", "a"))
        await bench.readOnce()
        #expect(
            bench.lines.last == "PollFilesystemAndReloadConfig failed to ReloadConfig: "
                + "Illegal to list model a multiple times in config list"
        )
        #expect(bench.health.status(of: "b") != nil)

        try bench.write(config("b"))
        await bench.readOnce()
        #expect(bench.health.status(of: "a") == nil && bench.health.status(of: "b") != nil)

        try bench.write("")
        await bench.readOnce()
        #expect(bench.lines.last?.contains("Cannot transition to requested config.") == true)
        #expect(bench.health.status(of: "b") != nil)

        try FileManager.default.removeItem(atPath: bench.path)
        await bench.readOnce()
        #expect(bench.lines.last?.contains("No such file or directory") == true)

        try bench.write("model_config_list {}")
        await bench.readOnce()
        #expect(bench.health.status(of: "b") == nil, "an empty list is a configuration")
        #expect(bench.lines.count == 4)
        task.cancel()
        await task.value
    }

    @Test func `reading tells all that is wrong with the text`() throws {
        let bench = Bench()
        try bench.write("model_config_list { config { name: 'a' } \n nothing: 1 }")
        var problems: [String] = []
        #expect(throws: ServingError.invalidArgument("Invalid protobuf file: '\(bench.path)'")) {
            try ModelConfigurationFile(path: bench.path).read { problems = $0.problems.map(\.description) }
        }
        #expect(problems.count == 1 && problems[0].hasPrefix("2:"))
    }
}
