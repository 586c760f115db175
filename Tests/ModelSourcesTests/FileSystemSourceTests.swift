import Logging
import ModelSources
import Servables
import ServingPrimitives
import ServingTestKit
import Synchronization
import Testing

/// A source whose pauses last until the test ends them.
private final class Bench: Sendable {
    let files = FakeFileSystem()
    let now = Atomic<Int64>(100)
    let announcements: AsyncStream<AspiredVersions>
    private let announce: AsyncStream<AspiredVersions>.Continuation
    let pauses: AsyncStream<UInt64>
    private let paused: AsyncStream<UInt64>.Continuation
    private let goOn: AsyncStream<Void>
    let next: AsyncStream<Void>.Continuation

    init() {
        (announcements, announce) = AsyncStream.makeStream()
        (pauses, paused) = AsyncStream.makeStream()
        (goOn, next) = AsyncStream.makeStream()
    }

    func source(_ polling: FileSystemSource.Polling, _ names: [String] = ["m"]) -> FileSystemSource {
        FileSystemSource(
            models: names.map { MonitoredModel(name: $0, basePath: "/" + $0) },
            polling: polling,
            settleNanoseconds: 2,
            fileSystem: files,
            clock: { self.now.load(ordering: .relaxed) },
            pause: { nanoseconds in
                self.paused.yield(nanoseconds)
                for await _ in self.goOn { return }
            },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    func run(_ source: FileSystemSource) -> Task<Void, Never> {
        Task { await source.run { self.announce.yield($0) } }
    }

    func nextAnnouncement() async -> [Int64]? { await nextAspired()?.versions.map(\.id.version) }

    func nextAspired() async -> AspiredVersions? { await announcements.first { _ in true } }

    func nextPause() async -> UInt64? { await pauses.first { _ in true } }

    /// Whether the next pause is so long; a little less lets models be looked at together.
    func pause(upTo nanoseconds: UInt64) async -> Bool {
        guard let pause = await nextPause() else { return false }
        return pause <= nanoseconds && pause >= nanoseconds - nanoseconds / 50
    }
}

@Suite struct FileSystemSourceTests {
    @Test(
        arguments: [
            (5, .everySeconds(5)), (0, .once), (-1, .never),
        ] as [(Int, FileSystemSource.Polling)]
    )
    func `the flag's number says when to look`(seconds: Int, polling: FileSystemSource.Polling) {
        #expect(FileSystemSource.Polling(pollWaitSeconds: seconds) == polling)
    }

    @Test func `looks again after every pause and says what changed`() async {
        let bench = Bench()
        bench.files.writeModel("/m/1")
        let task = bench.run(bench.source(.everySeconds(3)))
        #expect(await bench.nextAnnouncement() == [1])
        #expect(await bench.pause(upTo: 3_000_000_000))
        bench.files.writeModel("/m/2")
        bench.next.yield()
        #expect(await bench.nextAnnouncement() == [2])
        task.cancel()
        await task.value
    }

    @Test func `looks again soon at a version that is being written`() async {
        let bench = Bench()
        bench.files.writeModel("/m/1", at: 100)
        let task = bench.run(bench.source(.everySeconds(60)))
        #expect(await bench.nextPause() == 2)
        bench.now.store(102, ordering: .relaxed)
        bench.next.yield()
        #expect(await bench.nextAnnouncement() == [1])
        #expect(await bench.pause(upTo: 60_000_000_000))
        task.cancel()
        await task.value
    }

    @Test func `a longest possible interval does not overflow`() async {
        let bench = Bench()
        bench.files.writeModel("/m/1")
        let task = bench.run(bench.source(.everySeconds(.max)))
        #expect(await bench.pause(upTo: .max))
        task.cancel()
        await task.value
    }

    @Test func `looking once ends when nothing is being written, and the source still runs until cancelled`() async {
        let bench = Bench()
        bench.files.writeModel("/m/1", at: 100)
        let task = bench.run(bench.source(.once))
        #expect(await bench.nextPause() == 2)
        bench.now.store(102, ordering: .relaxed)
        bench.next.yield()
        #expect(await bench.nextAnnouncement() == [1])
        task.cancel()
        await task.value
    }

    @Test func `a source that never looks says nothing until it is cancelled`() async {
        let bench = Bench()
        bench.files.writeModel("/m/1")
        let isOver = Atomic(false)
        let task = Task {
            await bench.source(.never).run { _ in Issue.record("a source that must not look has looked") }
            isOver.store(true, ordering: .relaxed)
        }
        for _ in 0..<100 { await Task.yield() }
        let wasOver = isOver.load(ordering: .relaxed)
        #expect(!wasOver)
        task.cancel()
        await task.value
    }

    @Test func `a base path that hangs holds up no other model, nor the end`() async {
        struct HangingFileSystem: FileSystem {
            let files: FakeFileSystem
            let gate: Gate

            func names(in folder: String) throws(FileSystemError) -> [String] {
                if folder == "/hangs" { gate.wait() }
                return try files.names(in: folder)
            }

            func status(of path: String) -> FileStatus? { files.status(of: path) }
            func contents(of file: String, limit: Int) throws(FileSystemError) -> [UInt8] { [] }
            func digest(of file: String) throws(FileSystemError) -> SHA256Digest { SHA256Digest(of: []) }
        }
        let bench = Bench()
        bench.files.writeModel("/m/1")
        let gate = Gate()
        let source = FileSystemSource(
            models: ["hangs", "m"].map { MonitoredModel(name: $0, basePath: "/" + $0) },
            fileSystem: HangingFileSystem(files: bench.files, gate: gate),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        let task = bench.run(source)
        #expect(await bench.nextAnnouncement() == [1])
        task.cancel()
        await task.value
        gate.open()
    }

    // MARK: Other models while it runs

    @Test(.timeLimit(.minutes(1)))
    func `a model that is added is looked at, one that is removed is asked for without versions`() async {
        let bench = Bench()
        bench.files.writeModel("/m/1")
        bench.files.writeModel("/n/7")
        let source = bench.source(.everySeconds(3))
        let task = bench.run(source)
        #expect(await bench.nextAnnouncement() == [1])
        source.setModels([MonitoredModel(name: "m", basePath: "/m"), MonitoredModel(name: "n", basePath: "/n")])
        #expect(await bench.nextAspired()?.model == "n")
        source.setModels([MonitoredModel(name: "n", basePath: "/n")])
        await source.caughtUp()
        #expect(await bench.nextAspired() == AspiredVersions(model: "m", versions: []))
        source.setModels([MonitoredModel(name: "n", basePath: "/n"), MonitoredModel(name: "m", basePath: "/m")])
        #expect(await bench.nextAnnouncement() == [1], "a model that comes back is looked at anew")
        task.cancel()
        await task.value
    }

    @Test(.timeLimit(.minutes(1)))
    func `another policy or base path is looked at without waiting for the next turn`() async {
        let bench = Bench()
        for version in 1...3 { bench.files.writeModel("/m/\(version)") }
        bench.files.writeModel("/elsewhere/9")
        let source = bench.source(.everySeconds(3))
        let task = bench.run(source)
        #expect(await bench.nextAnnouncement() == [3])
        source.setModels([MonitoredModel(name: "m", basePath: "/m", policy: .specific([1, 3]))])
        #expect(await bench.nextAnnouncement() == [3, 1])
        source.setModels([MonitoredModel(name: "m", basePath: "/elsewhere", policy: .all)])
        #expect(await bench.nextAnnouncement() == [9])
        task.cancel()
        await task.value
    }

    @Test(.timeLimit(.minutes(1)))
    func `a source that looks once looks once at each model that is added`() async {
        let bench = Bench()
        bench.files.writeModel("/n/7")
        let source = bench.source(.once, [])
        let task = bench.run(source)
        source.setModels([MonitoredModel(name: "n", basePath: "/n")])
        #expect(await bench.nextAnnouncement() == [7])
        task.cancel()
        await task.value
    }

    @Test(.timeLimit(.minutes(1)))
    func `nobody waits for a source that does not run`() async {
        let bench = Bench()
        let source = bench.source(.everySeconds(3))
        await source.caughtUp()
        let task = bench.run(source)
        task.cancel()
        await task.value
        await source.caughtUp()
    }
}
