/// Plans beside each other, as a table of Markdown.
public struct ScaleTable: Sendable {
    private let plans: [ScalePlan]
    private let latency: FanOutSimulation.Latency
    private let seed: UInt64

    /// Times that are drawn for a column, at most about.
    private static let draws = 1_000_000
    private static let mostRequests = 50_000

    /// - Parameter latency: of one shard's answers, in seconds.
    public init(_ plans: [ScalePlan], latency: FanOutSimulation.Latency, seed: UInt64) {
        self.plans = plans
        self.latency = latency
        self.seed = seed
    }

    public var text: String {
        var lines = [
            row("rows", plans.map { Self.count($0.demand.rows) }),
            "| --- |" + String(repeating: " ---: |", count: plans.count),
        ]
        for line in Self.lines { lines.append(row(line.name, plans.map(line.value))) }
        let fanOuts = plans.map(fanOut)
        lines.append(row("slowest shard of a request, median", fanOuts.map { Self.time($0.plain.median) }))
        lines.append(row("slowest shard of a request, p99", fanOuts.map { Self.time($0.plain.p99) }))
        lines.append(row("the same with hedging, p99", fanOuts.map { Self.time($0.hedged.p99) }))
        lines.append(row("calls more by hedging", fanOuts.map { "\(Self.number(100 * ($0.hedged.calls - 1), 1)) %" }))
        return lines.joined(separator: "\n") + "\n"
    }

    private func row(_ name: String, _ cells: [String]) -> String {
        "| \(name) | \(cells.joined(separator: " | ")) |"
    }

    private func fanOut(_ plan: ScalePlan) -> (plain: FanOutSimulation.Outcome, hedged: FanOutSimulation.Outcome) {
        let simulation = FanOutSimulation(shards: Int(plan.askedShards.rounded()), latency: latency)
        let requests = min(Self.mostRequests, max(1_000, Self.draws / simulation.shards))
        return (
            simulation.run(requests: requests, hedged: false, seed: seed),
            simulation.run(requests: requests, hedged: true, seed: seed)
        )
    }

    private struct Line: Sendable {
        let name: String
        let value: @Sendable (ScalePlan) -> String
    }

    private static let lines = [
        Line(name: "bytes a row") { number($0.bytesPerRow, 1) },
        Line(name: "snapshots, all together") { bytes($0.snapshotBytes) },
        Line(name: "shards") { count($0.shards) },
        Line(name: "rows of a shard") { count($0.rowsPerShard) },
        Line(name: "memory of a shard") { bytes($0.memoryPerShard) },
        Line(name: "replicas of each") { count($0.replicas) },
        Line(name: "machines") { count($0.machines) },
        Line(name: "shards that a request asks") { number($0.askedShards, 1) },
        Line(name: "ids of a call") { number($0.idsPerCall, 1) },
        Line(name: "cores for lookups, all together") { count($0.lookupCores) },
        Line(name: "cores for lookups, of a machine") { number($0.lookupCores / $0.machines, 1) },
        Line(name: "network for a request") { bytes($0.requestBytes) },
        Line(name: "network, all together") { bits($0.networkBytes) },
        Line(name: "network of a machine") { bits($0.networkBytesPerMachine) },
        Line(name: "dump of a shard") { bytes($0.dumpBytesPerShard) },
        Line(name: "publish: from the dump to served rows") { time($0.publishSeconds) },
        Line(name: "start from the snapshot, from the disk") { time($0.coldStartSeconds) },
        Line(name: "start from the snapshot, in memory") { time($0.warmStartSeconds) },
        Line(name: "pushed rows a second, of a shard at most") { count($0.pushesPerShard) },
        Line(name: "pushed rows a second, all shards at most") { count($0.pushes) },
        Line(name: "pushes of the rows that change, at that rate") { time($0.changeSeconds) },
    ]

    // MARK: - Numbers for people

    static func bytes(_ value: Double) -> String { scaled(value, 1_024, ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]) }

    /// - Parameter value: bytes a second.
    static func bits(_ value: Double) -> String {
        scaled(8 * value, 1_000, ["bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"])
    }

    static func count(_ value: Double) -> String {
        value < 1e6
            ? number(value.rounded(), 0) : scaled(value, 1_000, ["", "thousand", "million", "billion", "trillion"])
    }

    static func time(_ seconds: Double) -> String {
        switch seconds {
        case ..<1e-3: "\(number(seconds * 1e6, 0)) µs"
        case ..<1: "\(number(seconds * 1e3, seconds < 0.1 ? 1 : 0)) ms"
        case ..<120: "\(number(seconds, seconds < 10 ? 1 : 0)) s"
        case ..<7_200: "\(number(seconds / 60, 0)) min"
        default: "\(number(seconds / 3_600, 1)) h"
        }
    }

    private static func scaled(_ value: Double, _ step: Double, _ units: [String]) -> String {
        var value = value
        var unit = 0
        while value >= step, unit + 1 < units.count {
            value /= step
            unit += 1
        }
        return "\(number(value, value < 10 ? 2 : value < 100 ? 1 : 0)) \(units[unit])"
    }

    /// With so many digits behind the point, and commas between thousands.
    static func number(_ value: Double, _ digits: Int) -> String {
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let rounded = (value * scale).rounded()
        guard rounded.magnitude < 1e15 else { return "\(value)" }
        let whole = Int(rounded / scale)
        var text = ""
        for (index, digit) in "\(whole)".reversed().enumerated() {
            if index > 0, index % 3 == 0 { text = ",\(text)" }
            text = "\(digit)\(text)"
        }
        guard digits > 0 else { return text }
        let rest = "\(Int(rounded) - whole * Int(scale))"
        return "\(text).\(String(repeating: "0", count: digits - rest.count))\(rest)"
    }
}
