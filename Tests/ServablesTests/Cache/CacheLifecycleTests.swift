import Servables
import ServingPrimitives
import ServingTestKit
import Synchronization
import Testing

/// A lifecycle under a budget of 100 bytes whose effects are written as short lines. What happens at once in a server
/// without being decided here (an unload that is done, a look) happens when the test says so.
private struct Bench {
    var lifecycle: ServableLifecycle
    private var attempts: [String: ServableLifecycle.Attempt] = [:]
    private var look: MonotonicTime?
    let costs: [String: ServableCost]

    init(
        _ costs: [String: Int],
        measured: [String: Int] = [:],
        settings: [String: CacheSettings] = [:],
        load: UInt64 = 0,
        prefetches: Bool = false,
        copies: [String: UInt64] = [:],
        headroomShare: Double = 0,
        budget: Int? = 100,
        devices: [CacheDevice]? = nil
    ) {
        var costs = costs.mapValues { ServableCost(residentBytes: $0, loadNanoseconds: load) }
        for (name, copy) in copies { costs[name]?.copy = copy }
        self.costs = costs
        let fixed = FixedCosts(
            costs,
            measured: measured.mapValues { ServableCost(residentBytes: $0, loadNanoseconds: load, isMeasured: true) }
        )
        lifecycle = ServableLifecycle(
            policy: LoadPolicy(retryIntervalNanoseconds: 60_000_000_000),
            cache: CacheOptions(
                budget: budget,
                devices: devices,
                defaults: CacheSettings(minimumResidentNanoseconds: 0),
                headroomShare: headroomShare,
                prefetches: prefetches,
                costs: fixed
            )
        )
        _ = lifecycle.configure(settings)
    }

    mutating func pass(seconds: Double) {
        lifecycle.now = lifecycle.now.advanced(byNanoseconds: UInt64(seconds * 1e9))
    }

    mutating func aspire(_ model: String, _ versions: Int64...) -> [String] {
        lines(
            lifecycle.aspire(
                AspiredVersions(
                    model: model,
                    versions: versions.map { AspiredVersion(id: ServableID(name: model, version: $0), path: "/\($0)") }
                )
            )
        )
    }

    /// A request for the model; what it is told comes first.
    mutating func ask(_ model: String, _ version: Int64? = nil, _ reason: LoadReason = .demand) -> [String] {
        let (demand, effects) = lifecycle.demand(model, version, reason)
        let told =
            switch demand {
            case .unknown: "unknown"
            case .available(let id): "available \(id.name)/\(id.version)"
            case .wait(let id, let expected): "wait \(id.name)/\(id.version)" + (expected.map { " \($0)" } ?? "")
            case .refused(let error): "refused \(error.code.name)"
            }
        return [told] + lines(effects)
    }

    mutating func succeed(
        _ id: String,
        _ bytes: Int? = nil,
        preparedBytes: @escaping @Sendable () -> Int? = { nil }
    ) -> [String] {
        let attempt = attempts.removeValue(forKey: id)!
        let cost = bytes.map { ServableCost(residentBytes: $0, isMeasured: true) } ?? costs[attempt.version.id.name]
        return lines(lifecycle.loadSucceeded(attempt, cost, preparedBytes: preparedBytes))
    }

    mutating func fail(_ id: String) -> [String] {
        lines(lifecycle.loadFailed(attempts.removeValue(forKey: id)!, .notFound("bad")))
    }

    mutating func unloaded(_ model: String, _ version: Int64 = 1) -> [String] {
        lines(lifecycle.unloaded(ServableID(name: model, version: version)))
    }

    mutating func lookAgain() -> [String] {
        guard let look else { return ["nothing to look for"] }
        lifecycle.now = max(lifecycle.now, look)
        return lines(lifecycle.look(due: look))
    }

    /// Brings the model up.
    mutating func serve(_ model: String) {
        _ = ask(model)
        _ = succeed("\(model)/1")
    }

    mutating func lines(_ effects: [ServableLifecycle.Effect]) -> [String] {
        var lines: [String] = []
        for effect in effects {
            switch effect {
            case .report(let id, let status):
                let text = status.isAtRest ? "AT REST" : status.state.name
                lines.append("\(id.name)/\(id.version) \(text)" + (status.error.map { " \($0.code.name)" } ?? ""))
            case .load(let attempt):
                let name = "\(attempt.version.id.name)/\(attempt.version.id.version)"
                attempts[name] = attempt
                let places = attempt.devices.joined(separator: " ")
                lines.append("load \(name)" + (places.isEmpty ? "" : " on \(places)"))
            case .estimate(let attempt):
                // As a server does, only at once.
                let cost = costs[attempt.version.id.name] ?? ServableCost(residentBytes: 0)
                lines += self.lines(lifecycle.estimated(attempt, cost))
            case .withdraw(let id): lines.append("withdraw \(id.name)/\(id.version)")
            case .answer(let id, let error):
                // One that is told of is only of use to those who wait.
                lines.append("answer \(id.name)/\(id.version)" + (error.map { " \($0.code.name)" } ?? ""))
            case .setLatest(let number, let name): lines.append("latest of \(name) is \(number.map { "\($0)" } ?? "-")")
            case .lookLater(let due, _): look = due
            case .retryLater: lines.append("retry")
            case .closed: lines.append("closed")
            }
        }
        return lines
    }
}

@Suite struct CacheLifecycleTests {
    @Test func `a version rests until a request wants it`() {
        var bench = Bench(["a": 40])
        #expect(bench.aspire("a", 1) == ["a/1 AT REST"])
        #expect(bench.lifecycle.status(of: "a").first?.canAnswer ?? false)
        #expect(bench.ask("a") == ["wait a/1", "a/1 LOADING", "load a/1"])
        #expect(bench.ask("a") == ["wait a/1"])
        #expect(bench.succeed("a/1") == ["a/1 AVAILABLE", "answer a/1"])
        #expect(bench.ask("a") == ["available a/1"])
        #expect(bench.ask("b") == ["unknown"])
        #expect(bench.ask("a", 2) == ["unknown"])
    }

    @Test func `the least used makes room, and rests again`() {
        var bench = Bench(["a": 60, "b": 40, "c": 50])
        for name in ["a", "b", "c"] { _ = bench.aspire(name, 1) }
        bench.serve("a")
        bench.serve("b")
        bench.pass(seconds: 10)
        #expect(bench.ask("c") == ["wait c/1", "a/1 UNLOADING", "withdraw a/1"])
        #expect(bench.unloaded("a") == ["a/1 END", "a/1 AT REST", "c/1 LOADING", "load c/1"])
        #expect(bench.succeed("c/1") == ["c/1 AVAILABLE", "answer c/1"])
        #expect(bench.ask("a").first == "wait a/1")
    }

    @Test func `a version that is asked for while it goes comes back`() {
        var bench = Bench(["a": 60, "b": 60])
        _ = bench.aspire("a", 1)
        _ = bench.aspire("b", 1)
        bench.serve("a")
        _ = bench.ask("b")
        #expect(bench.ask("a") == ["wait a/1"])
        #expect(bench.unloaded("a").suffix(2) == ["b/1 LOADING", "load b/1"])
        #expect(bench.succeed("b/1") == ["b/1 AVAILABLE", "answer b/1", "b/1 UNLOADING", "withdraw b/1"])
        #expect(bench.unloaded("b").suffix(2) == ["a/1 LOADING", "load a/1"])
    }

    @Test func `requests are told what a load is expected to take`() {
        var bench = Bench(["a": 40, "b": 40], load: 1000)
        _ = bench.aspire("a", 1)
        _ = bench.aspire("b", 1)
        _ = bench.ask("a")
        #expect(bench.ask("a").first == "wait a/1 1000")
        bench.lifecycle.now = MonotonicTime(nanoseconds: 400)
        #expect(bench.ask("a").first == "wait a/1 600")
        _ = bench.ask("b")
        // Loads run beside each other.
        #expect(bench.ask("b").first == "wait b/1 1000")
    }

    @Test func `what is too large is refused and says so in its status`() {
        var bench = Bench(["a": 400])
        _ = bench.aspire("a", 1)
        #expect(bench.ask("a") == ["wait a/1", "answer a/1 RESOURCE_EXHAUSTED", "a/1 AT REST RESOURCE_EXHAUSTED"])
        #expect(bench.ask("a") == ["refused RESOURCE_EXHAUSTED", "answer a/1 RESOURCE_EXHAUSTED"])
        #expect(!(bench.lifecycle.status(of: "a").first?.canAnswer ?? true))
    }

    @Test func `what turns out to be too large goes at once and is not tried again`() {
        var bench = Bench(["a": 40])
        _ = bench.aspire("a", 1)
        _ = bench.ask("a")
        #expect(bench.succeed("a/1", 300) == ["answer a/1 RESOURCE_EXHAUSTED", "withdraw a/1"])
        #expect(bench.unloaded("a") == ["a/1 END RESOURCE_EXHAUSTED", "a/1 AT REST"])
        #expect(bench.ask("a").first == "refused RESOURCE_EXHAUSTED")
    }

    @Test func `a failed load is told to all who wait, and tried again by a request after a pause`() {
        var bench = Bench(["a": 40])
        _ = bench.aspire("a", 1)
        _ = bench.ask("a")
        #expect(bench.fail("a/1") == ["answer a/1 NOT_FOUND", "a/1 END NOT_FOUND"])
        #expect(bench.ask("a") == ["refused NOT_FOUND"])
        bench.pass(seconds: 1)
        #expect(bench.ask("a").first == "wait a/1")
        _ = bench.fail("a/1")
        bench.pass(seconds: 1.5)
        #expect(bench.ask("a") == ["refused NOT_FOUND"])
        bench.pass(seconds: 0.5)
        #expect(bench.ask("a").first == "wait a/1")
    }

    @Test func `a new version of a model in use is loaded, of another it rests`() {
        var bench = Bench(["a": 40, "b": 40])
        _ = bench.aspire("a", 1)
        _ = bench.aspire("b", 1)
        bench.serve("a")
        #expect(bench.aspire("a", 2).suffix(3) == ["a/2 AT REST", "a/2 LOADING", "load a/2"])
        #expect(bench.succeed("a/2") == ["a/2 AVAILABLE", "answer a/2", "a/1 UNLOADING", "withdraw a/1"])
        #expect(bench.aspire("b", 2) == ["answer b/1 NOT_FOUND", "b/1 END", "b/2 AT REST"])
    }

    @Test func `of several versions the latest known is the latest`() {
        var bench = Bench(["a": 30])
        #expect(bench.aspire("a", 1, 2) == ["a/2 AT REST", "a/1 AT REST", "latest of a is 2"])
        #expect(bench.ask("a").first == "wait a/2")
        // A failed one is passed over.
        #expect(bench.fail("a/2").contains("latest of a is 1"))
        #expect(bench.ask("a").first == "wait a/1")
    }

    @Test func `a pinned model is loaded when it is known, and stays`() {
        var bench = Bench(["a": 60, "b": 60], settings: ["a": CacheSettings(isPinned: true)])
        #expect(bench.aspire("a", 1) == ["a/1 AT REST", "a/1 LOADING", "load a/1"])
        _ = bench.succeed("a/1")
        _ = bench.aspire("b", 1)
        #expect(bench.ask("b").dropFirst() == ["answer b/1 RESOURCE_EXHAUSTED", "b/1 AT REST RESOURCE_EXHAUSTED"])
        #expect(bench.lines(bench.lifecycle.pin("a", false)) == [])
        #expect(bench.ask("b").contains("withdraw a/1"))
        // A status that told of a refusal tells no more of it.
        #expect(bench.unloaded("a").contains("load b/1"))
    }

    @Test func `what nobody asks for goes after its time`() {
        var bench = Bench(["a": 40], settings: ["a": CacheSettings(idleNanoseconds: 2_500_000_000)])
        _ = bench.aspire("a", 1)
        bench.serve("a")
        #expect(bench.lookAgain() == [])
        #expect(bench.lookAgain() == [])
        #expect(bench.lookAgain() == ["a/1 UNLOADING", "withdraw a/1"])
    }

    @Test func `uses that requests counted keep a version`() {
        var bench = Bench(["a": 40], settings: ["a": CacheSettings(idleNanoseconds: 2_500_000_000)])
        _ = bench.aspire("a", 1)
        bench.serve("a")
        _ = bench.lookAgain()
        bench.lifecycle.cache?.entries[ServableID(name: "a", version: 1)]?.counter.increment()
        for _ in 0..<3 { #expect(bench.lookAgain() == []) }
        _ = bench.lookAgain()
        #expect(bench.lookAgain() == ["nothing to look for"] || bench.lifecycle.status(of: "a")[0].state == .unloading)
        #expect(bench.lifecycle.report()?.hits == 1)
    }

    @Test func `a look that was overtaken is none`() {
        var bench = Bench(["a": 40])
        _ = bench.aspire("a", 1)
        bench.serve("a")
        #expect(bench.lifecycle.look(due: MonotonicTime(nanoseconds: 5)) == [])
    }

    @Test func `what is loaded again and again in one order is loaded ahead`() {
        var bench = Bench(["a": 30, "b": 30], prefetches: true)
        _ = bench.aspire("a", 1)
        _ = bench.aspire("b", 1)
        for _ in 0..<3 {
            for name in ["a", "b"] {
                bench.serve(name)
                bench.evict(name)
            }
        }
        #expect(bench.ask("a").contains("load b/1"))
        #expect(bench.lifecycle.report()?.prefetches == 0)
        _ = bench.succeed("b/1")
        #expect(bench.lifecycle.report()?.prefetches == 1)
    }

    @Test func `the report says what is where`() throws {
        var bench = Bench(["a": 60, "b": 60])
        _ = bench.aspire("a", 1)
        _ = bench.aspire("b", 1)
        bench.serve("a")
        _ = bench.ask("b")
        let found = bench.lifecycle.report()
        let report = try #require(found)
        #expect(report.budget == 100 && report.residentBytes == 0 && report.unloadingBytes == 60)
        #expect(report.versions.map(\.state) == [.unloading, .wanted])
        #expect(report.evictions == [.demand: 1] && report.lastEvictions.map(\.id.name) == ["a"])
        #expect(report.misses == 2 && report.hits == 0 && report.hitRatio == 0)
    }

    @Test func `at the end nobody is left waiting`() {
        var bench = Bench(["a": 60])
        _ = bench.aspire("a", 1)
        _ = bench.ask("a")
        #expect(bench.lines(bench.lifecycle.close()) == ["answer a/1 UNAVAILABLE"])
        #expect(bench.succeed("a/1") == ["withdraw a/1"])
        #expect(bench.unloaded("a").contains("closed"))
        #expect(bench.ask("a") == ["unknown"])
    }
}

extension Bench {
    /// Takes the model out of memory: it may not stay unused for a moment.
    fileprivate mutating func evict(_ model: String) {
        _ = lifecycle.configure([model: CacheSettings(idleNanoseconds: 0, minimumResidentNanoseconds: 0)])
        _ = unloaded(model)
        _ = lifecycle.configure([:])
    }
}

extension CacheLifecycleTests {
    @Test func `versions that share a copy count once, stay together and go together`() {
        var bench = Bench(["a": 60, "b": 60, "c": 60, "d": 30], copies: ["a": 1, "b": 1])
        for name in ["a", "b", "c", "d"] { _ = bench.aspire(name, 1) }
        bench.serve("a")
        bench.pass(seconds: 1)
        #expect(bench.ask("b") == ["wait b/1", "b/1 LOADING", "load b/1"], "it takes no room")
        _ = bench.succeed("b/1")
        #expect(bench.lifecycle.report()?.residentBytes == 60)
        let sharing = bench.lifecycle.report()?.versions.map { $0.sharesWith.map(\.name) }
        #expect(sharing == [["b"], ["a"], [], []])
        bench.serve("d")
        #expect(bench.lifecycle.report()?.residentBytes == 90)
        bench.pass(seconds: 1)
        // More bytes are freed by the copy than by d: with it both versions go.
        let effects = bench.ask("c")
        #expect(Set(effects) == ["wait c/1", "a/1 UNLOADING", "withdraw a/1", "b/1 UNLOADING", "withdraw b/1"])
        #expect(bench.lifecycle.report()?.unloadingBytes == 60)
        #expect(bench.unloaded("a") == ["a/1 END", "a/1 AT REST"], "the copy is still there")
        #expect(bench.unloaded("b") == ["b/1 END", "b/1 AT REST", "c/1 LOADING", "load c/1"])
        #expect(bench.lifecycle.report()?.evictions[.demand] == 2)
    }

    @Test func `a copy of which one version is in use, or pinned, stays`() {
        var bench = Bench(
            ["a": 60, "b": 60, "c": 60],
            settings: ["b": CacheSettings(isPinned: true, minimumResidentNanoseconds: 0)],
            copies: ["a": 1, "b": 1]
        )
        for name in ["a", "b", "c"] { _ = bench.aspire(name, 1) }
        bench.serve("a")
        _ = bench.succeed("b/1")
        bench.pass(seconds: 1)
        #expect(bench.ask("c").contains("answer c/1 RESOURCE_EXHAUSTED"))
    }

    @Test func `a version whose copy is wanted by another waits for that`() {
        var bench = Bench(["a": 60, "b": 60, "c": 60], copies: ["a": 1, "b": 1])
        for name in ["a", "b", "c"] { _ = bench.aspire(name, 1) }
        bench.serve("c")
        #expect(bench.ask("a") == ["wait a/1", "c/1 UNLOADING", "withdraw c/1"])
        #expect(bench.ask("b") == ["wait b/1"])
        #expect(bench.unloaded("c") == ["c/1 END", "c/1 AT REST", "a/1 LOADING", "load a/1"])
        #expect(bench.succeed("a/1") == ["a/1 AVAILABLE", "answer a/1", "b/1 LOADING", "load b/1"])
        #expect(bench.succeed("b/1") == ["b/1 AVAILABLE", "answer b/1"])
    }

    @Test func `what the first request of a version adds counts, also at its next load`() {
        let prepared = Mutex<Int?>(nil)
        var bench = Bench(["a": 40, "b": 50])
        _ = bench.aspire("a", 1)
        _ = bench.aspire("b", 1)
        _ = bench.ask("a")
        _ = bench.succeed("a/1", preparedBytes: { prepared.withLock { $0 } })
        #expect(bench.lifecycle.report()?.residentBytes == 40)
        prepared.withLock { $0 = 30 }
        #expect(bench.lifecycle.report()?.residentBytes == 70)
        #expect(bench.lifecycle.report()?.residentBytes == 70, "it counts once")
        // 70 and 50 are too much together.
        #expect(bench.ask("b").contains("withdraw a/1"))
        _ = bench.unloaded("a")
        _ = bench.succeed("b/1")
        #expect(bench.ask("a").contains("withdraw b/1"))
        _ = bench.unloaded("b")
        _ = bench.succeed("a/1")
        #expect(bench.lifecycle.report()?.residentBytes == 70, "as the last time, until it is known")
    }

    @Test func `as much is kept free as the last loads took`() {
        var bench = Bench(["a": 8, "b": 8, "c": 85], headroomShare: 0.02)
        for model in ["a", "b", "c"] { _ = bench.aspire(model, 1) }
        bench.serve("a")
        #expect(bench.lifecycle.snapshot()?.headroom == 8)
        bench.pass(seconds: 1)
        bench.serve("c")
        // No more than a tenth of the budget.
        #expect(bench.lifecycle.snapshot()?.headroom == 10)
    }
}

@Suite struct DeviceLifecycleTests {
    private static let two = [CacheDevice(name: "D0", budget: 100), CacheDevice(name: "D1", budget: 100)]

    private func bench(
        _ costs: [String: Int],
        measured: [String: Int] = [:],
        settings: [String: CacheSettings] = [:]
    ) -> Bench {
        var bench = Bench(costs, measured: measured, settings: settings, budget: nil, devices: Self.two)
        for model in costs.keys.sorted() { _ = bench.aspire(model, 1) }
        return bench
    }

    private func loads(_ lines: [String]) -> [String] { lines.filter { $0.hasPrefix("load ") } }

    private func devices(_ bench: inout Bench) -> [String: String] {
        let versions = bench.lifecycle.report()?.versions ?? []
        return Dictionary(uniqueKeysWithValues: versions.map { ($0.id.name, $0.devices.joined(separator: " ")) })
            .filter { !$0.value.isEmpty }
    }

    @Test func `versions are loaded where there is room, and others make room on one device only`() {
        var bench = bench(["a": 60, "b": 60, "c": 60])
        #expect(loads(bench.ask("a")) == ["load a/1 on D0"])
        #expect(loads(bench.ask("b")) == ["load b/1 on D1"])
        _ = bench.succeed("a/1")
        _ = bench.succeed("b/1")
        bench.pass(seconds: 1)
        #expect(bench.ask("c").filter { $0.hasPrefix("withdraw") } == ["withdraw a/1"])
        #expect(loads(bench.unloaded("a")) == ["load c/1 on D0"])
        _ = bench.succeed("c/1")
        #expect(devices(&bench) == ["b": "D1", "c": "D0"])
    }

    @Test func `the report tells what is on each device`() throws {
        var bench = bench(["a": 60, "b": 30])
        bench.serve("a")
        _ = bench.ask("b")
        let taken = bench.lifecycle.report()
        let report = try #require(taken)
        #expect(report.budget == 200)
        let devices = try #require(report.devices)
        #expect(devices.map(\.device) == Self.two)
        #expect(devices.map(\.residentBytes) == [60, 0] && devices.map(\.loadingBytes) == [0, 30])
    }

    @Test func `what is on a device that is gone comes back on another`() {
        var bench = bench(["a": 60, "b": 30])
        bench.serve("a")
        bench.serve("b")
        #expect(devices(&bench) == ["a": "D0", "b": "D1"])
        let gone = bench.lines(bench.lifecycle.setDevices([CacheDevice(name: "D1", budget: 100)]))
        #expect(gone == ["a/1 UNLOADING", "withdraw a/1"])
        #expect(loads(bench.unloaded("a")) == ["load a/1 on D1"])
        #expect(bench.lines(bench.lifecycle.setDevices([CacheDevice(name: "D1", budget: 100)])) == [])
    }

    @Test func `without any device a request is told so, and answered when there is one`() {
        var bench = bench(["a": 60])
        _ = bench.lifecycle.setDevices([])
        #expect(bench.ask("a").contains("answer a/1 RESOURCE_EXHAUSTED"))
        _ = bench.lifecycle.setDevices(Self.two)
        #expect(loads(bench.ask("a")) == ["load a/1 on D0"])
    }

    @Test func `a pin that comes later moves a version`() {
        var bench = bench(["a": 60])
        bench.serve("a")
        var settings = CacheSettings()
        settings.devices.pins = ["D1"]
        #expect(
            bench.lines(bench.lifecycle.configure(["a": settings])).filter { $0.hasPrefix("withdraw") }
                == ["withdraw a/1"]
        )
        #expect(loads(bench.unloaded("a")) == ["load a/1 on D1"])
    }

    @Test func `what turns out to be too large for its device goes at once`() {
        var bench = bench(["a": 60])
        _ = bench.ask("a")
        #expect(bench.succeed("a/1", 150).contains("answer a/1 RESOURCE_EXHAUSTED"))
        let failure = bench.lifecycle.report()?.versions.first?.error?.message
        #expect(failure?.hasSuffix("took 150 bytes of memory, and D0 may hold 100 bytes") == true)
    }

    @Test func `a device that was filled beyond its budget is relieved`() {
        var bench = bench(["a": 40, "b": 40, "c": 40])
        for name in ["a", "b", "c"] { _ = bench.ask(name) }
        _ = bench.succeed("a/1", 40)
        _ = bench.succeed("b/1", 40)
        #expect(devices(&bench) == ["a": "D0", "b": "D1", "c": "D0"])
        #expect(bench.succeed("c/1", 70).filter { $0.hasPrefix("withdraw") }.count == 1)
        #expect(bench.lifecycle.report()?.evictions[.overBudget] == 1)
    }

    @Test func `a plan is carried out where there is room`() {
        var bench = bench(["a": 60, "b": 60, "c": 60])
        bench.serve("c")
        let id = { ServableID(name: $0, version: 1) }
        let plan = [id("a"): ["D1"], id("c"): ["D0"], id("none"): ["D0"]]
        #expect(loads(bench.lines(bench.lifecycle.arrange(plan))) == ["load a/1 on D1"])
        _ = bench.succeed("a/1")
        #expect(bench.lines(bench.lifecycle.arrange(plan)) == [], "to do it again changes nothing")
        // There is no room for b, and nothing is evicted for it.
        #expect(bench.lines(bench.lifecycle.arrange([id("b"): ["D1"]])).isEmpty)
    }

    @Test func `what is known and what it costs is there to be planned`() {
        var bench = bench(["a": 60, "b": 60], settings: ["b": CacheSettings(isPinned: true)])
        bench.serve("a")
        let known = bench.lifecycle.knownVersions()
        #expect(known.map(\.version.id.name) == ["a", "b"])
        #expect(known.map(\.isPinned) == [false, true])
        #expect(known[0].devices.count == 1 && known[0].cost?.residentBytes == 60)
    }
}
