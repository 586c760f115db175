import Servables
public import ServingPrimitives

/// Requests for models of a repository replayed against the server's own eviction, with other policies beside it: the same
/// `CachePlan` decides for all of them, only what a version is worth differs.
public struct CacheStudy: Sendable {
    /// One model of the repository.
    public struct Model: Sendable, Hashable {
        public var bytes: Int
        public var loadNanoseconds: UInt64

        public init(bytes: Int, loadNanoseconds: UInt64) {
            self.bytes = bytes
            self.loadNanoseconds = loadNanoseconds
        }
    }

    /// A request for a model.
    public struct Request: Sendable, Hashable {
        public var model: Int
        public var time: MonotonicTime

        public init(model: Int, time: MonotonicTime) {
            self.model = model
            self.time = time
        }
    }

    /// What became of a trace under one policy.
    public struct Outcome: Sendable, Hashable {
        public var policy: String
        public var hits = 0
        public var misses = 0
        /// Nanoseconds that requests waited for loads, all together.
        public var waited: UInt64 = 0
        public var largestBytes = 0

        public var hitRatio: Double { hits + misses > 0 ? Double(hits) / Double(hits + misses) : 0 }
    }

    public var models: [Model]
    public var requests: [Request]

    public init(models: [Model], requests: [Request]) {
        self.models = models
        self.requests = requests
    }

    /// Names of the policies that are compared, the server's own first.
    public static var policies: [String] { EvictionPolicy.allCases.map(\.rawValue) }

    /// Bytes of all models.
    public var totalBytes: Int { models.reduce(0) { $0 + $1.bytes } }

    /// Replays the trace under each policy. Loads take no time of the trace: what is compared is what is kept.
    public func compare(budget: Int) -> [Outcome] { EvictionPolicy.allCases.map { replay($0, budget: budget) } }

    private func replay(_ policy: EvictionPolicy, budget: Int) -> Outcome {
        var outcome = Outcome(policy: policy.rawValue)
        var histories = [UseHistory](repeating: UseHistory(), count: models.count)
        var resident: [Int: CacheSnapshot.Resident] = [:]
        var used = 0
        let nextUses = policy == .clairvoyant ? self.nextUses() : []
        for (index, request) in requests.enumerated() {
            let model = request.model
            histories[model].note(1, at: request.time)
            if resident[model] == nil {
                outcome.misses += 1
                outcome.waited &+= models[model].loadNanoseconds
                for victim in victims(for: model, policy, resident, histories, budget: budget, used, at: request.time) {
                    resident[victim] = nil
                    used -= models[victim].bytes
                }
                // A model that is larger than the budget is refused, and that is all.
                guard used + models[model].bytes <= budget else { continue }
                used += models[model].bytes
                outcome.largestBytes = max(outcome.largestBytes, used)
                resident[model] = CacheSnapshot.Resident(
                    ServableID(name: "", version: Int64(model)),
                    bytes: models[model].bytes,
                    reloadNanoseconds: models[model].loadNanoseconds
                )
            } else {
                outcome.hits += 1
            }
            resident[model]?.lastUse = request.time
            if policy == .clairvoyant { resident[model]?.nextUse = nextUses[index] }
        }
        return outcome
    }

    private func victims(
        for model: Int,
        _ policy: EvictionPolicy,
        _ resident: [Int: CacheSnapshot.Resident],
        _ histories: [UseHistory],
        budget: Int,
        _ used: Int,
        at now: MonotonicTime
    ) -> [Int] {
        guard used + models[model].bytes > budget else { return [] }
        var snapshot = CacheSnapshot(budget: budget, now: now)
        snapshot.policy = policy
        snapshot.residents = resident.map { index, resident in
            var resident = resident
            resident.frequency = histories[index].frequency(at: now)
            return resident
        }
        let id = ServableID(name: "", version: Int64(model))
        snapshot.wants = [CacheSnapshot.Want(id, bytes: models[model].bytes)]
        return CachePlan(snapshot).evict.map { Int($0.id.version) }
    }

    /// When the model of each request is asked for next; `nil` for never.
    private func nextUses() -> [MonotonicTime?] {
        var next: [Int: MonotonicTime] = [:]
        var uses = [MonotonicTime?](repeating: nil, count: requests.count)
        for index in requests.indices.reversed() {
            uses[index] = next[requests[index].model]
            next[requests[index].model] = requests[index].time
        }
        return uses
    }
}
