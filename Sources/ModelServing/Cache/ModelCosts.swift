import ModelSources
import Servables
import ServingPrimitives
import Synchronization

/// What models cost: told from their files before the first load, measured by what the process grew afterwards, and
/// remembered for the next start.
final class ModelCosts: ServableCosts {
    private struct State {
        var remembered: RememberedCosts
        var sizes: [String: VersionSize] = [:]
        /// What graphs were found to take beside variables, as a factor of what `ModelSize` says of them.
        var graphFactor = 1.0
        /// Bytes of the process without models; `nil` before the first load, which brings the engine with it.
        var baseline: Int?
        var sampledAt = MonotonicTime(nanoseconds: 0)
        /// Bytes of the process beyond its models, of moments at which none was loaded or ended.
        var overhead = RecentMinimum(nanoseconds: 1_000_000_000)
    }

    /// Never more than this share of the budget is taken for what the process holds besides its models: it may belong to
    /// requests, and some models must stay.
    private static let largestOverheadShare = 0.5
    private static let sampleNanoseconds: UInt64 = 20_000_000
    /// Where models come and go all the time, what is accounted for is not what is there, but better than nothing.
    private static let longestWithoutSample: UInt64 = 1_000_000_000
    private static let maximumSizes = 20_000

    private let budget: Int
    private let memory: LoadMemory
    private let file: CostsFile?
    private let anonymousBytes: @Sendable () -> Int?
    private let clock: @Sendable () -> MonotonicTime
    private let copy: @Sendable (AspiredVersion) -> UInt64?
    private let state: Mutex<State>

    /// - Parameter copy: the number of the copy in memory that the version will share with others, by its files.
    init(
        budget: Int,
        memory: LoadMemory,
        file: CostsFile?,
        anonymousBytes: @escaping @Sendable () -> Int? = ProcessStatistics.anonymousBytes,
        clock: @escaping @Sendable () -> MonotonicTime = { .now() },
        copy: @escaping @Sendable (AspiredVersion) -> UInt64? = { _ in nil }
    ) {
        self.budget = budget
        self.memory = memory
        self.file = file
        self.anonymousBytes = anonymousBytes
        self.clock = clock
        self.copy = copy
        state = Mutex(State(remembered: file?.read() ?? RememberedCosts()))
    }

    func expected(_ version: AspiredVersion) -> ServableCost {
        let size = VersionSize(of: version.path)
        var cost = state.withLock { state in
            if state.sizes.count >= Self.maximumSizes { state.sizes = [:] }
            state.sizes[version.path] = size
            return state.remembered.cost(of: version.path, size.fingerprint)
                ?? ModelSize(size).cost(graphFactor: state.graphFactor)
        }
        cost.copy = copy(version)
        return cost
    }

    /// What a version was found to take when it was loaded, as it is now; `nil` for one that was not measured.
    func measuredBytes(of path: String) -> Int? {
        state.withLock { $0.remembered }.measuredBytes(of: path)
    }

    func loaded(_ version: AspiredVersion, loadNanoseconds: UInt64, copies: Int) -> ServableCost {
        let growth = memory.growth[version.id].map { $0 / max(copies, 1) }
        let size = state.withLock { $0.sizes[version.path] } ?? VersionSize(of: version.path)
        let cost = state.withLock { state in
            let cost = Self.cost(size, path: version.path, growth, loadNanoseconds / UInt64(max(copies, 1)), &state)
            state.remembered.remember(cost, of: version.path, size.fingerprint)
            if state.baseline == nil, let now = anonymousBytes() {
                state.baseline = max(now - cost.residentBytes * max(copies, 1), 0)
            }
            return cost
        }
        file?.changed { [weak self] in self?.state.withLock { $0.remembered } ?? RememberedCosts() }
        return cost
    }

    private static func cost(
        _ size: VersionSize,
        path: String,
        _ growth: Int?,
        _ loadNanoseconds: UInt64,
        _ state: inout State
    ) -> ServableCost {
        let model = ModelSize(size)
        let before = state.remembered.cost(of: path, size.fingerprint)
        var cost = before ?? model.cost(graphFactor: state.graphFactor)
        // Loads that run beside others take longer than they would alone: the shortest counts most.
        cost.loadNanoseconds =
            before.map { min($0.loadNanoseconds &+ $0.loadNanoseconds / 8, loadNanoseconds) } ?? loadNanoseconds
        // The first load brings the engine with it.
        guard let growth, state.baseline != nil else { return cost }
        // What a load finds left by others is not seen as growth; its variables are there in any case.
        var resident = max(growth, model.leastBytes)
        if let before, before.isMeasured { resident = max(resident, before.residentBytes / 8 * 7) }
        let factor = Double(max(growth - size.variableBytes, 0)) / Double(max(model.graphBytes, 1))
        state.graphFactor += (min(max(factor, 0.25), 4) - state.graphFactor) / 16
        cost.peakBytes = max(resident, cost.peakBytes)
        cost.residentBytes = resident
        cost.isMeasured = true
        return cost
    }

    func overhead(accounted: Int, isSettled: Bool) -> Int {
        state.withLock { state in
            guard let baseline = state.baseline else { return 0 }
            let now = clock()
            let age = now.nanoseconds(since: state.sampledAt)
            if age >= (isSettled ? Self.sampleNanoseconds : Self.longestWithoutSample), let bytes = anonymousBytes() {
                state.sampledAt = now
                state.overhead.note(max(bytes - baseline - accounted, 0), at: now)
            }
            return min(state.overhead.value, Int(Double(budget) * Self.largestOverheadShare))
        }
    }

    /// Writes what is not written yet.
    func close() { file?.writeIfDue() }
}

/// What a version takes in memory, as far as its files tell. The factors are those measured with the engine: a graph
/// takes many times its file, large constants in it somewhat less.
struct ModelSize: Hashable {
    private static let smallGraph = 1 << 20
    private static let session = 640 << 10

    private let size: VersionSize

    init(_ size: VersionSize) { self.size = size }

    /// What is there for certain.
    var leastBytes: Int { size.variableBytes + size.otherBytes + Self.session / 4 }

    /// Of the graph and its session.
    var graphBytes: Int { Self.session + scaled(20, 5) }

    func cost(graphFactor: Double) -> ServableCost {
        let resident = size.variableBytes + size.otherBytes + Int(Double(graphBytes) * graphFactor)
        let peak = size.variableBytes + size.otherBytes + Self.session + scaled(35, 12)
        return ServableCost(residentBytes: resident, peakBytes: max(resident, peak))
    }

    private func scaled(_ small: Int, _ large: Int) -> Int {
        small * min(size.graphBytes, Self.smallGraph) + large * max(size.graphBytes - Self.smallGraph, 0)
    }
}
