import Servables
import ServingPrimitives
import ServingTestKit
import Synchronization
import Testing

/// A manager whose loads, unloads and pauses end when the test says so.
private struct Bench {
    let loaders = PuppetLoaders()
    let timer = ManualTimer()
    let manager: ServableManager
    let recorder: StateRecorder

    init(retries: Int = 1) {
        manager = ServableManager(
            loaders: loaders,
            policy: LoadPolicy(maximumRetries: retries, retryIntervalNanoseconds: 7),
            timer: timer.schedule
        )
        recorder = StateRecorder(manager)
    }

    func aspire(_ versions: Int64..., of model: String = "m") {
        manager.aspire(
            AspiredVersions(
                model: model,
                versions: versions.map { AspiredVersion(id: ServableID(name: model, version: $0), path: "/\($0)") }
            )
        )
    }

    /// Brings the version up.
    func serve(_ version: Int64) async throws {
        aspire(version)
        try await loaders.nextLoad().succeed()
        await recorder.wait(for: version, .available)
    }

    /// Waits until requests reach no version: a little after it is told to be UNLOADING.
    func waitUntilNothingAnswers() async {
        while (try? version()) != nil { await Task.yield() }
    }

    func version(_ choice: VersionChoice = .latest) throws -> Int64 { try manager.lease("m", choice).id.version }
}

@Suite struct ServableManagerTests {
    @Test func `a version is served from AVAILABLE to UNLOADING`() async throws {
        let bench = Bench()
        bench.aspire(1)
        let load = try await bench.loaders.nextLoad()
        #expect(load.version == AspiredVersion(id: ServableID(name: "m", version: 1), path: "/1"))
        #expect(throws: ServingError.notFound("Servable not found for request: Latest(m)")) { try bench.version() }
        #expect(bench.manager.status(of: "m") == [VersionStatus(version: 1, state: .loading)])
        load.succeed()
        await bench.recorder.wait(for: 1, .available)
        #expect(try bench.version() == 1)
        bench.aspire()
        let unload = try await bench.loaders.nextUnload()
        #expect(throws: ServingError.self) { try bench.version() }
        #expect(bench.manager.status(of: "m") == [VersionStatus(version: 1, state: .unloading)])
        unload.finish()
        await bench.recorder.wait(for: 1, .end)
        #expect(bench.manager.status(of: "m") == [VersionStatus(version: 1, state: .end)])
        #expect(bench.recorder.changes.map(\.state) == [.start, .loading, .available, .unloading, .end])
    }

    @Test func `a model answers to its second names, unless another has such a name`() async throws {
        let bench = Bench()
        try await bench.serve(1)
        let manager = bench.manager
        manager.replaceAliases(["n": "m", "m": "nobody", "x": "nobody"])
        #expect(try manager.lease("n", .latest).id == ServableID(name: "m", version: 1))
        #expect(try manager.lease("n", .specific(1)).id == ServableID(name: "m", version: 1))
        #expect(try manager.lease("m", .latest).id.name == "m")
        #expect(manager.name(meantBy: "n") == "m" && manager.name(meantBy: "m") == "m")
        #expect(throws: ServingError.notFound("Servable not found for request: Latest(nobody)")) {
            try manager.lease("x", .latest)
        }
        manager.replaceLabels(["m": ["stable": 1]])
        #expect(try manager.lease("n", .label("stable")).id.version == 1)
        manager.replaceAliases([:])
        #expect(throws: ServingError.notFound("Servable not found for request: Latest(n)")) {
            try manager.lease("n", .latest)
        }
    }

    @Test func `a lease keeps its version loaded until it is let go`() async throws {
        let bench = Bench()
        try await bench.serve(1)
        var lease: ServableLease? = try bench.manager.lease("m", .latest)
        let servable = try #require(lease?.servable as? PuppetServable)
        bench.aspire()
        await bench.recorder.wait(for: 1, .unloading)
        await bench.waitUntilNothingAnswers()
        #expect(!servable.isGone)
        lease = nil
        try await bench.loaders.nextUnload().finish()
        #expect(servable.isGone)
        #expect(lease == nil)
        await bench.recorder.wait(for: 1, .end)
    }

    @Test func `letting the last lease go does not wait for the unload`() async throws {
        let bench = Bench()
        try await bench.serve(1)
        var lease: ServableLease? = try bench.manager.lease("m", .latest)
        bench.aspire()
        await bench.recorder.wait(for: 1, .unloading)
        // The puppet's unload blocks; were it called here, this line would never end.
        lease = nil
        #expect(lease == nil)
        try await bench.loaders.nextUnload().finish()
        await bench.recorder.wait(for: 1, .end)
    }

    @Test func `requests are answered by the old version until the new one is there`() async throws {
        let bench = Bench()
        try await bench.serve(1)
        bench.aspire(2)
        let load = try await bench.loaders.nextLoad()
        #expect(try bench.version() == 1)
        load.succeed()
        await bench.recorder.wait(for: 2, .available)
        #expect(try bench.version() == 2)
        let unload = try await bench.loaders.nextUnload()
        #expect(unload.id.version == 1)
        #expect(throws: ServingError.notFound("Servable not found for request: Specific(m, 1)")) {
            try bench.version(.specific(1))
        }
        unload.finish()
        await bench.recorder.wait(for: 1, .end)
        #expect(bench.manager.status(of: "m").map(\.version) == [2, 1])
    }

    @Test func `the largest available version is the latest, whatever came last`() async throws {
        let bench = Bench()
        bench.aspire(1, 3)
        let first = try await bench.loaders.nextLoad()
        let second = try await bench.loaders.nextLoad()
        let (three, one) = first.version.id.version == 3 ? (first, second) : (second, first)
        three.succeed()
        await bench.recorder.wait(for: 3, .available)
        one.succeed()
        await bench.recorder.wait(for: 1, .available)
        #expect(try bench.version() == 3)
        #expect(try bench.version(.specific(1)) == 1)
        #expect(try bench.version(.specific(3)) == 3)
        #expect(throws: ServingError.notFound("Servable not found for request: Specific(m, 0)")) {
            try bench.version(.specific(0))
        }
    }

    @Test(
        arguments: [
            (.latest, .notFound("Servable not found for request: Latest(none)")),
            (.specific(-3), .notFound("Servable not found for request: Specific(none, -3)")),
            (.label("stable"), .invalidArgument("Unrecognized servable version label: stable")),
        ] as [(VersionChoice, ServingError)]
    )
    func `an unknown model is not found`(choice: VersionChoice, error: ServingError) {
        #expect(throws: error) { try Bench().manager.lease("none", choice) }
    }

    @Test func `a label stands for a version, also before and after that is available`() async throws {
        let bench = Bench()
        bench.manager.replaceLabels(["m": ["stable": 1, "canary": 2]])
        let unavailable = ServingError.notFound("Servable not found for request: Specific(m, 1)")
        #expect(throws: unavailable) { try bench.version(.label("stable")) }
        try await bench.serve(1)
        #expect(try bench.version(.label("stable")) == 1)
        #expect(throws: ServingError.notFound("Servable not found for request: Specific(m, 2)")) {
            try bench.version(.label("canary"))
        }
        bench.aspire()
        try await bench.loaders.nextUnload().finish()
        #expect(throws: unavailable) { try bench.version(.label("stable")) }
    }

    @Test func `a label moves in the moment in which its version comes, and does not go back`() async throws {
        let bench = Bench()
        try await bench.serve(1)
        bench.manager.replaceLabels(["m": ["stable": 2]], before: ["m": ["stable": 1]])
        #expect(try bench.version(.label("stable")) == 1)
        bench.aspire(1, 2)
        try await bench.loaders.nextLoad().succeed()
        await bench.recorder.wait(for: 2, .available)
        #expect(try bench.version(.label("stable")) == 2)
        bench.aspire(1)
        try await bench.loaders.nextUnload().finish()
        #expect(throws: ServingError.notFound("Servable not found for request: Specific(m, 2)")) {
            try bench.version(.label("stable"))
        }
    }

    @Test func `labels are replaced as a whole`() async throws {
        let bench = Bench()
        try await bench.serve(1)
        bench.manager.replaceLabels(["m": ["old": 1]])
        bench.manager.replaceLabels(["m": ["new": 1], "other": ["old": 1]])
        #expect(try bench.version(.label("new")) == 1)
        #expect(throws: ServingError.invalidArgument("Unrecognized servable version label: old")) {
            try bench.version(.label("old"))
        }
        bench.manager.replaceLabels([:])
        #expect(throws: ServingError.invalidArgument("Unrecognized servable version label: new")) {
            try bench.version(.label("new"))
        }
        #expect(throws: ServingError.invalidArgument("Unrecognized servable version label: old")) {
            try bench.manager.lease("other", .label("old"))
        }
    }

    @Test func `a failed load is tried again after the interval and ends with the reason`() async throws {
        let bench = Bench(retries: 1)
        bench.aspire(1)
        try await bench.loaders.nextLoad().fail(.notFound("no file"))
        #expect(await bench.timer.nextDelay() == 7)
        #expect(bench.manager.status(of: "m") == [VersionStatus(version: 1, state: .loading)])
        bench.timer.fire()
        try await bench.loaders.nextLoad().fail(.internalError("broken"))
        await bench.recorder.wait(for: 1, .end)
        let status = VersionStatus(version: 1, state: .end, error: .internalError("broken"))
        #expect(bench.manager.status(of: "m") == [status])
        #expect(!bench.timer.fire())
    }

    @Test func `the default timer brings the next try`() async throws {
        let loaders = PuppetLoaders()
        let manager = ServableManager(loaders: loaders, policy: LoadPolicy(retryIntervalNanoseconds: 1))
        let version = AspiredVersion(id: ServableID(name: "m", version: 1), path: "")
        manager.aspire(AspiredVersions(model: "m", versions: [version]))
        try await loaders.nextLoad().fail(.notFound("no file"))
        let recorder = StateRecorder(manager)
        try await loaders.nextLoad().succeed()
        await recorder.wait(for: 1, .available)
        #expect(try manager.lease("m", .latest).id.version == 1)
    }

    @Test func `a pause between tries holds up no other model`() async throws {
        let bench = Bench()
        bench.aspire(1)
        try await bench.loaders.nextLoad().fail(.notFound("no file"))
        _ = await bench.timer.nextDelay()
        bench.aspire(5, of: "other")
        try await bench.loaders.nextLoad().succeed()
        await bench.recorder.wait(for: 5, of: "other", .available)
        #expect(try bench.manager.lease("other", .latest).id.version == 5)
        #expect(bench.manager.modelNames == ["m", "other"])
    }

    @Test func `several versions load at the same time`() async throws {
        let bench = Bench()
        bench.aspire(1)
        bench.aspire(1, of: "other")
        // Both have begun before either is told how it ends.
        let loads = [try await bench.loaders.nextLoad(), try await bench.loaders.nextLoad()]
        #expect(Set(loads.map(\.version.id.name)) == ["m", "other"])
        for load in loads { load.succeed() }
        await bench.recorder.wait(for: 1, .available)
    }

    @Test func `a load that finishes when nobody wants it any more is never served`() async throws {
        let bench = Bench()
        bench.aspire(1)
        let load = try await bench.loaders.nextLoad()
        bench.aspire()
        load.succeed()
        try await bench.loaders.nextUnload().finish()
        await bench.recorder.wait(for: 1, .end)
        #expect(bench.manager.status(of: "m").first?.error?.code == .cancelled)
        #expect(!bench.recorder.changes.contains { $0.state == .available })
    }

    @Test func `requests reach a version before it is told to be AVAILABLE and until after it is told to be UNLOADING`()
        async throws
    {
        let bench = Bench()
        let reached = Mutex<[ServableState: Bool]>([:])
        bench.manager.observe { id, status in
            let isReached = (try? bench.manager.lease(id.name, .specific(id.version))) != nil
            reached.withLock { $0[status.state] = isReached }
        }
        try await bench.serve(1)
        bench.aspire()
        try await bench.loaders.nextUnload().finish()
        await bench.manager.shutdown()
        let expected: [ServableState: Bool] = [
            .start: false, .loading: false, .available: true, .unloading: true, .end: false,
        ]
        #expect(reached.withLock { $0 } == expected)
    }

    @Test func `an observer may call the manager`() async throws {
        let bench = Bench()
        bench.manager.observe { id, status in
            if status.state == .available, id.version == 1 { bench.aspire(2) }
        }
        try await bench.serve(1)
        try await bench.loaders.nextLoad().succeed()
        await bench.recorder.wait(for: 2, .available)
        try await bench.loaders.nextUnload().finish()
        await bench.recorder.wait(for: 1, .end)
        #expect(try bench.version() == 2)
    }

    @Test func `shutdown waits for leases and unloads, and nothing is served after`() async throws {
        let bench = Bench()
        try await bench.serve(1)
        var lease: ServableLease? = try bench.manager.lease("m", .latest)
        let isOver = Mutex(false)
        let shutdown = Task {
            await bench.manager.shutdown()
            isOver.withLock { $0 = true }
        }
        await bench.recorder.wait(for: 1, .unloading)
        #expect(!isOver.withLock { $0 })
        await bench.waitUntilNothingAnswers()
        lease = nil
        #expect(lease == nil)
        let unload = try await bench.loaders.nextUnload()
        #expect(!isOver.withLock { $0 })
        unload.finish()
        await shutdown.value
        bench.aspire(2)
        #expect(bench.manager.status(of: "m") == [VersionStatus(version: 1, state: .end)])
        await bench.manager.shutdown()
    }

    @Test func `shutdown stops pauses`() async throws {
        let bench = Bench()
        bench.aspire(1)
        try await bench.loaders.nextLoad().fail(.notFound("no file"))
        _ = await bench.timer.nextDelay()
        await bench.manager.shutdown()
        #expect(bench.manager.status(of: "m").map(\.state) == [.end])
        bench.timer.fire()
        #expect(bench.manager.status(of: "m").map(\.state) == [.end])
    }

    @Test func `a shutdown that is cancelled does not wait`() async throws {
        let bench = Bench()
        try await bench.serve(1)
        let lease = try bench.manager.lease("m", .latest)
        let shutdown = Task { await bench.manager.shutdown() }
        await bench.recorder.wait(for: 1, .unloading)
        shutdown.cancel()
        await shutdown.value
        withExtendedLifetime(lease) {}
    }

    @Test func `a manager that nobody refers to any more unloads what it served`() async throws {
        let loaders = PuppetLoaders()
        do {
            let manager = ServableManager(loaders: loaders)
            let recorder = StateRecorder(manager)
            let version = AspiredVersion(id: ServableID(name: "m", version: 1), path: "")
            manager.aspire(AspiredVersions(model: "m", versions: [version]))
            try await loaders.nextLoad().succeed()
            await recorder.wait(for: 1, .available)
        }
        try await loaders.nextUnload().finish()
    }

    @Test func `no more versions unload at once than there are threads`() async throws {
        let loaders = PuppetLoaders()
        let manager = ServableManager(loaders: loaders, policy: LoadPolicy(loadThreads: 3, unloadThreads: 2))
        let names = ["a", "b", "c"]
        func version(_ name: String) -> AspiredVersion {
            AspiredVersion(id: ServableID(name: name, version: 1), path: "/")
        }
        for name in names { manager.aspire(AspiredVersions(model: name, versions: [version(name)])) }
        for _ in names { try await loaders.nextLoad().succeed() }
        while !names.allSatisfy({ manager.status(of: $0).map(\.state) == [.available] }) { await Task.yield() }
        for name in names { manager.aspire(AspiredVersions(model: name, versions: [])) }
        let running = [try await loaders.nextUnload(), try await loaders.nextUnload()]
        #expect(Set(running.map(\.id.name)) == ["a", "b"])
        #expect(manager.status(of: "c").map(\.state) == [.unloading])
        running[1].finish()
        let last = try await loaders.nextUnload()
        #expect(last.id.name == "c")
        running[0].finish()
        last.finish()
        await manager.shutdown()
    }

    @Test func `a thread that the system refuses is a failed load, tried again like any other`() async throws {
        let refusals = Mutex(1)
        let refusal = ServingError(.resourceExhausted, "no more threads")
        let (loaders, timer) = (PuppetLoaders(), ManualTimer())
        let manager = ServableManager(
            loaders: loaders,
            policy: LoadPolicy(retryIntervalNanoseconds: 7),
            timer: timer.schedule
        ) { (name, body) throws(ServingError) in
            let isRefused = refusals.withLock { count in
                count -= 1
                return count >= 0
            }
            if isRefused { throw refusal }
            try startThreadIfPossible(named: name, body)
        }
        manager.aspire(
            AspiredVersions(model: "m", versions: [AspiredVersion(id: ServableID(name: "m", version: 1), path: "/1")])
        )
        #expect(await timer.nextDelay() == 7)
        #expect(manager.status(of: "m") == [VersionStatus(version: 1, state: .loading)])
        let recorder = StateRecorder(manager)
        timer.fire()
        try await loaders.nextLoad().succeed()
        await recorder.wait(for: 1, .available)

        // An unload has no caller to tell: it is put off until there is a thread.
        refusals.withLock { $0 = 2 }
        manager.aspire(AspiredVersions(model: "m", versions: []))
        for _ in 0..<2 {
            #expect(await timer.nextDelay() ?? 0 > 7)
            timer.fire()
        }
        try await loaders.nextUnload().finish()
        await recorder.wait(for: 1, .end)
    }
}
