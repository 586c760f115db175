public import ServingPrimitives

extension ServerConfiguration {
    /// What the scheduler is told about models; it needs none of it.
    public struct Scheduling: Sendable, Hashable {
        /// Requests that wait for the same model run together where that is cheaper. Models with parameters for batching
        /// follow these.
        public var batches = true
        /// How soon answers are wanted where the caller does not say.
        public var objectives = LatencyObjectives()
        /// Models whose rows of different lengths may share a batch, filled up to the longest.
        public var paddedModels: Set<String> = []

        public init() {}
    }
}

/// How soon the answers of models are wanted where their callers do not say (`--latency_slo`).
public struct LatencyObjectives: Sendable, Hashable {
    /// In nanoseconds, for models that are not named; `nil` where any time will do.
    public var everyModel: UInt64?
    /// In nanoseconds, by model.
    public var models: [String: UInt64] = [:]

    public init() {}

    /// The objective of a model in nanoseconds; `nil` where it has none.
    public func objective(of model: String) -> UInt64? { models[model] ?? everyModel }
}

extension LatencyObjectives {
    /// Reads `25ms`, or `resnet=80ms,ranker=5ms,100ms`: one for each model named, and one for all others. Units are
    /// `us`, `ms` and `s`.
    ///
    /// - Throws: `INVALID_ARGUMENT` with the part that is not of that form.
    public init(_ text: String) throws(ServingError) {
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let split = part.lastIndex(of: "=")
            let span = split.map { part[part.index(after: $0)...] } ?? part
            guard let nanoseconds = Self.nanoseconds(span), nanoseconds > 0 else { throw Self.refusal(part) }
            let name = split.map { String(part[..<$0]) }
            switch name {
            case nil where everyModel == nil: everyModel = nanoseconds
            case let name? where !name.isEmpty && models[name] == nil: models[name] = nanoseconds
            default: throw Self.refusal(part)
            }
        }
    }

    private static func nanoseconds(_ text: Substring) -> UInt64? {
        let units: [(name: String, nanoseconds: Double)] = [("us", 1e3), ("ms", 1e6), ("s", 1e9)]
        guard let unit = units.first(where: { text.hasSuffix($0.name) }) else { return nil }
        let number = text.dropLast(unit.name.count)
        guard !number.isEmpty, number.allSatisfy({ ("0"..."9").contains($0) || $0 == "." }), let value = Double(number)
        else { return nil }
        let nanoseconds = value * unit.nanoseconds
        return nanoseconds < 1e15 ? UInt64(nanoseconds) : nil
    }

    private static func refusal(_ part: Substring) -> ServingError {
        .invalidArgument("latency_slo: expected a time like 25ms or MODEL=25ms, each once, got \"\(part)\"")
    }
}
