/// What a run found, for a table, a file or a page.
public struct RunReport: Sendable {
    public struct Target: Sendable {
        public var name: String
        /// What is asked where: `Predict half_plus_two, gRPC 127.0.0.1:8500`.
        public var text: String
        public var rows: Int?
        /// Why there is no server CPU, or whose it is.
        public var process: String

        public init(name: String, text: String, rows: Int?, process: String) {
            self.name = name
            self.text = text
            self.rows = rows
            self.process = process
        }
    }

    public var targets: [Target]
    public var results: [LoadResult]
    /// Of a search: the objective, and the highest rate of each target.
    public var search: (objective: LatencyObjective, found: [FoundRate])?
    public var plan: LoadPlan
    public var machine: Machine
    /// The command line, to be run again.
    public var command: String
    public var isInterrupted: Bool

    public init(
        targets: [Target],
        results: [LoadResult],
        plan: LoadPlan,
        machine: Machine,
        command: String,
        isInterrupted: Bool
    ) {
        self.targets = targets
        self.results = results
        self.plan = plan
        self.machine = machine
        self.command = command
        self.isInterrupted = isInterrupted
    }

    /// Whether any request got a good answer.
    public var hasSuccess: Bool { results.contains { $0.tally.ok > 0 } }
    var hasDeadline: Bool { plan.deadline != nil }
    var hasBatches: Bool { results.contains { $0.batches != nil } }
    var hasServerCPU: Bool { results.contains { $0.tally.serverCPU != nil } }
    var hasOpenLoop: Bool { results.contains { $0.level.rate != nil } }
    var hasRows: Bool { targets.contains { $0.rows ?? 1 > 1 } }
}
