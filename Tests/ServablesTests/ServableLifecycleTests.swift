import Servables
import ServingPrimitives
import Testing

/// A lifecycle whose effects are written as short lines.
private struct Bench {
    var lifecycle: ServableLifecycle
    /// The load effects so far that were not answered, by version.
    var attempts: [Int64: ServableLifecycle.Attempt] = [:]
    var retries: [Int64: ServableLifecycle.Attempt] = [:]

    init(
        retries: Int = 1,
        interval: UInt64 = 7,
        threads: Int = 4,
        firstThreads: Int? = nil,
        transition: VersionTransition = .availabilityPreserving
    ) {
        lifecycle = ServableLifecycle(
            policy: LoadPolicy(
                maximumRetries: retries,
                retryIntervalNanoseconds: interval,
                loadThreads: threads,
                firstLoadThreads: firstThreads,
                transition: transition
            )
        )
    }

    mutating func aspire(_ versions: [Int64], of model: String = "m") -> [String] {
        lines(
            lifecycle.aspire(
                AspiredVersions(
                    model: model,
                    versions: versions.map { AspiredVersion(id: ServableID(name: model, version: $0), path: "/\($0)") }
                )
            )
        )
    }

    mutating func succeed(_ version: Int64) -> [String] { lines(lifecycle.loadSucceeded(take(version))) }

    mutating func fail(_ version: Int64, _ text: String = "bad") -> [String] {
        lines(lifecycle.loadFailed(take(version), .notFound(text)))
    }

    mutating func retry(_ version: Int64) -> [String] { lines(lifecycle.retryDue(retries[version]!)) }

    mutating func unloaded(_ version: Int64) -> [String] {
        lines(lifecycle.unloaded(ServableID(name: "m", version: version)))
    }

    mutating func trouble(_ version: Int64, _ error: ServingError?) -> [String] {
        lines(lifecycle.setTrouble(error, of: ServableID(name: "m", version: version)))
    }

    mutating func close() -> [String] { lines(lifecycle.close()) }

    /// `1 END NOT_FOUND: bad` and so on, newest first.
    var status: [String] { lifecycle.status(of: "m").map(Self.line) }

    private mutating func take(_ version: Int64) -> ServableLifecycle.Attempt {
        attempts.removeValue(forKey: version)!
    }

    private mutating func lines(_ effects: [ServableLifecycle.Effect]) -> [String] {
        effects.map { effect in
            switch effect {
            case .report(_, let status): return Self.line(status)
            case .load(let attempt):
                attempts[attempt.version.id.version] = attempt
                return "load \(attempt.version.id.version)"
            case .retryLater(let attempt):
                retries[attempt.version.id.version] = attempt
                return "retry \(attempt.version.id.version) later"
            case .withdraw(let id): return "withdraw \(id.version)"
            case .closed: return "closed"
            case .estimate, .answer, .setLatest, .lookLater:
                Issue.record("without a memory budget nobody waits for a version: \(effect)")
                return ""
            }
        }
    }

    private static func line(_ status: VersionStatus) -> String {
        "\(status.version) \(status.state.name)" + (status.error.map { " \($0)" } ?? "")
    }
}

@Suite struct ServableLifecycleTests {
    private static let cancelled = "CANCELLED: Loading of servable cancelled"

    @Test func `a version goes from START to END`() {
        var bench = Bench()
        #expect(bench.aspire([1]) == ["1 START", "1 LOADING", "load 1"])
        #expect(bench.succeed(1) == ["1 AVAILABLE"])
        #expect(bench.aspire([1]) == [])
        #expect(bench.aspire([]) == ["1 UNLOADING", "withdraw 1"])
        #expect(bench.unloaded(1) == ["1 END"])
        #expect(bench.status == ["1 END"])
        #expect(bench.lifecycle.modelNames == ["m"])
    }

    @Test func `a new version loads first, then the old one goes`() {
        var bench = Bench()
        _ = bench.aspire([1])
        _ = bench.succeed(1)
        #expect(bench.aspire([2]) == ["2 START", "2 LOADING", "load 2"])
        #expect(bench.succeed(2) == ["2 AVAILABLE", "1 UNLOADING", "withdraw 1"])
        #expect(bench.unloaded(1) == ["1 END"])
        #expect(bench.status == ["2 AVAILABLE", "1 END"])
    }

    @Test func `a new version that fails leaves the old one serving`() {
        var bench = Bench(retries: 0)
        _ = bench.aspire([1])
        _ = bench.succeed(1)
        _ = bench.aspire([2])
        #expect(bench.fail(2) == ["2 END NOT_FOUND: bad"])
        #expect(bench.status == ["2 END NOT_FOUND: bad", "1 AVAILABLE"])
    }

    @Test func `an available version can say why it does not answer at the moment`() {
        var bench = Bench()
        _ = bench.aspire([1])
        #expect(bench.trouble(1, .unavailable("crashed")) == [])
        _ = bench.succeed(1)
        #expect(bench.trouble(1, .unavailable("crashed")) == ["1 AVAILABLE UNAVAILABLE: crashed"])
        #expect(bench.status == ["1 AVAILABLE UNAVAILABLE: crashed"])
        #expect(bench.trouble(1, nil) == ["1 AVAILABLE"])
        #expect(bench.trouble(7, .unavailable("crashed")) == [])
        _ = bench.aspire([])
        #expect(bench.trouble(1, .unavailable("crashed")) == [])
        #expect(bench.unloaded(1) == ["1 END"])
    }

    @Test func `to preserve resources the old version goes first, then the new one loads`() {
        var bench = Bench(transition: .resourcePreserving)
        _ = bench.aspire([1])
        _ = bench.succeed(1)
        #expect(bench.aspire([2]) == ["2 START", "1 UNLOADING", "withdraw 1"])
        #expect(bench.unloaded(1) == ["1 END", "2 LOADING", "load 2"])
        #expect(bench.succeed(2) == ["2 AVAILABLE"])
    }

    @Test func `to preserve resources a load that nobody wants any more is waited for`() {
        var bench = Bench(transition: .resourcePreserving)
        _ = bench.aspire([1])
        #expect(bench.aspire([2]) == ["2 START"])
        #expect(bench.succeed(1) == ["withdraw 1"])
        #expect(bench.unloaded(1) == ["1 END \(Self.cancelled)", "2 LOADING", "load 2"])
    }

    @Test func `a failure is retried after a pause, so many times, then it is the end`() {
        var bench = Bench(retries: 2)
        _ = bench.aspire([1])
        #expect(bench.fail(1) == ["retry 1 later"])
        #expect(bench.status == ["1 LOADING"])
        #expect(bench.retry(1) == ["load 1"])
        #expect(bench.fail(1) == ["retry 1 later"])
        #expect(bench.retry(1) == ["load 1"])
        #expect(bench.fail(1, "worse") == ["1 END NOT_FOUND: worse"])
        #expect(bench.aspire([1]) == [])
    }

    @Test func `without an interval the next try begins at once`() {
        var bench = Bench(retries: 1, interval: 0)
        _ = bench.aspire([1])
        #expect(bench.fail(1) == ["load 1"])
        #expect(bench.fail(1) == ["1 END NOT_FOUND: bad"])
    }

    @Test func `a version that loads at the second try ends without an error`() {
        var bench = Bench()
        _ = bench.aspire([1])
        _ = bench.fail(1)
        _ = bench.retry(1)
        #expect(bench.succeed(1) == ["1 AVAILABLE"])
        _ = bench.aspire([])
        #expect(bench.unloaded(1) == ["1 END"])
    }

    @Test func `a version that failed is tried again when it went and came back`() {
        var bench = Bench(retries: 0)
        _ = bench.aspire([1])
        _ = bench.fail(1)
        #expect(bench.aspire([]) == [])
        #expect(bench.status == ["1 END NOT_FOUND: bad"])
        #expect(bench.aspire([1]) == ["1 START", "1 LOADING", "load 1"])
        #expect(bench.succeed(1) == ["1 AVAILABLE"])
        #expect(bench.status == ["1 AVAILABLE"])
    }

    @Test func `a version not aspired any more is not retried`() {
        var bench = Bench()
        _ = bench.aspire([1])
        _ = bench.fail(1)
        #expect(bench.aspire([]) == ["1 END NOT_FOUND: bad"])
        #expect(bench.retry(1) == [])
    }

    @Test func `a late timer does not start the load of a later life`() {
        var bench = Bench()
        _ = bench.aspire([1])
        _ = bench.fail(1)
        _ = bench.aspire([])
        _ = bench.aspire([1])
        let timer = bench.retries[1]
        _ = bench.fail(1)
        #expect(bench.retries[1] != timer)
        bench.retries[1] = timer
        #expect(bench.retry(1) == [])
    }

    @Test func `a failed load that nobody wants any more is the end`() {
        var bench = Bench()
        _ = bench.aspire([1])
        #expect(bench.aspire([]) == [])
        #expect(bench.fail(1) == ["1 END NOT_FOUND: bad"])
        #expect(bench.aspire([1]) == ["1 START", "1 LOADING", "load 1"])
    }

    @Test func `a finished load that nobody wants any more is dropped`() {
        var bench = Bench()
        _ = bench.aspire([1])
        let attempt = bench.attempts[1]!
        #expect(bench.lifecycle.wants(attempt))
        _ = bench.aspire([])
        #expect(!bench.lifecycle.wants(attempt))
        #expect(bench.succeed(1) == ["withdraw 1"])
        #expect(bench.unloaded(1) == ["1 END " + Self.cancelled])
    }

    @Test func `a version wanted again while it loads is kept`() {
        var bench = Bench()
        _ = bench.aspire([1])
        _ = bench.aspire([])
        #expect(bench.aspire([1]) == [])
        #expect(bench.succeed(1) == ["1 AVAILABLE"])
    }

    @Test func `a version wanted again while it unloads waits until it is gone`() {
        var bench = Bench()
        _ = bench.aspire([1])
        _ = bench.succeed(1)
        _ = bench.aspire([])
        #expect(bench.aspire([1]) == [])
        #expect(bench.unloaded(1) == ["1 END", "1 START", "1 LOADING", "load 1"])
    }

    @Test func `no more versions load at once than there are threads, of any model, highest first`() {
        var bench = Bench(retries: 0, threads: 2)
        #expect(
            bench.aspire([1, 2, 3]) == ["3 START", "2 START", "1 START", "3 LOADING", "load 3", "2 LOADING", "load 2"]
        )
        #expect(bench.aspire([9], of: "other") == ["9 START"])
        #expect(bench.succeed(2) == ["2 AVAILABLE", "1 LOADING", "load 1"])
        #expect(bench.fail(3) == ["3 END NOT_FOUND: bad", "9 LOADING", "load 9"])
    }

    @Test func `the first loads may take more threads, until there is nothing more to load`() {
        var bench = Bench(threads: 1, firstThreads: 2)
        #expect(bench.aspire([1, 2, 3]).filter { $0.hasPrefix("load") } == ["load 3", "load 2"])
        #expect(bench.succeed(3) == ["3 AVAILABLE", "1 LOADING", "load 1"])
        _ = bench.succeed(2)
        _ = bench.succeed(1)
        #expect(bench.aspire([1, 2, 3, 4, 5]).filter { $0.hasPrefix("load") } == ["load 5"])
    }

    @Test func `a pause keeps no other version from loading`() {
        var bench = Bench(threads: 1)
        _ = bench.aspire([1])
        _ = bench.aspire([2, 1])
        #expect(bench.fail(1) == ["retry 1 later", "2 LOADING", "load 2"])
        #expect(bench.retry(1) == [])
        #expect(bench.succeed(2) == ["2 AVAILABLE", "load 1"])
    }

    @Test func `a version that still waits for a thread is dropped without a load`() {
        var bench = Bench(threads: 1)
        _ = bench.aspire([2, 1])
        #expect(bench.aspire([2]) == ["1 END " + Self.cancelled])
        #expect(bench.succeed(2) == ["2 AVAILABLE"])
    }

    @Test func `a path that changes before the load is the one that is loaded`() {
        var bench = Bench(threads: 1)
        _ = bench.aspire([2, 1])
        let moved = AspiredVersion(id: ServableID(name: "m", version: 1), path: "/moved")
        let other = AspiredVersion(id: ServableID(name: "m", version: 2), path: "/2")
        _ = bench.lifecycle.aspire(AspiredVersions(model: "m", versions: [moved, other]))
        _ = bench.succeed(2)
        #expect(bench.attempts[1]?.version.path == "/moved")
    }

    @Test func `closing unloads, drops and stops all, and nothing is aspired after`() {
        var bench = Bench(threads: 2)
        _ = bench.aspire([1, 2, 3, 4])
        _ = bench.succeed(4)
        _ = bench.fail(3)
        #expect(
            bench.close() == ["3 END NOT_FOUND: bad", "4 UNLOADING", "withdraw 4"],
            "1 and 2 are loading"
        )
        #expect(bench.aspire([7]) == [])
        #expect(bench.close() == [])
        #expect(bench.unloaded(4) == ["4 END"])
        #expect(bench.succeed(2) == ["withdraw 2"])
        #expect(bench.fail(1) == ["1 END NOT_FOUND: bad"])
        #expect(bench.unloaded(2) == ["2 END " + Self.cancelled, "closed"])
    }

    @Test func `closing with nothing to do is over at once`() {
        var bench = Bench(retries: 0)
        _ = bench.aspire([1])
        _ = bench.fail(1)
        #expect(bench.close() == ["closed"])
        #expect(bench.close() == [])
    }

    @Test func `an unknown model has no status`() {
        #expect(Bench().lifecycle.status(of: "none") == [])
    }

    @Test func `a model without versions is known`() {
        var bench = Bench()
        #expect(bench.aspire([]) == [])
        #expect(bench.lifecycle.modelNames == ["m"])
        #expect(bench.status == [])
    }
}
