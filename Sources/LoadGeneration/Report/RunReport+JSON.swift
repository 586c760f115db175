extension RunReport {
    /// Everything, for other programs. Times are in microseconds.
    public var json: JSONDocument {
        .object([
            ("command", .string(command)),
            ("machine", machineDocument),
            ("interrupted", .bool(isInterrupted)),
            ("deadline_us", plan.deadline.map { .number(Self.microseconds($0)) } ?? .null),
            ("seed", .integer(Int(truncatingIfNeeded: plan.seed))),
            ("targets", .list(targets.map(Self.document))),
            ("results", .list(results.map(document))),
            ("found", foundDocument),
        ])
    }

    private var foundDocument: JSONDocument {
        guard let search else { return .null }
        return .object([
            ("objective", .string(search.objective.text)),
            (
                "rates",
                .object(search.found.map { (targets[$0.target].name, $0.rate.map { .number($0) } ?? .null) })
            ),
        ])
    }

    static let percentiles: [(String, Double)] = [
        ("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99), ("p99.9", 0.999),
    ]

    static func microseconds(_ nanoseconds: UInt64) -> Double { Double(nanoseconds) / 1e3 }

    private var machineDocument: JSONDocument {
        .object([
            ("processor", .string(machine.processor)), ("cores", .integer(machine.cores)),
            ("all_cores", .integer(machine.allCores)), ("memory_gib", .number(machine.memoryGiB)),
            ("kernel", .string(machine.kernel)), ("date", .string(machine.date)),
        ])
    }

    private static func document(_ target: Target) -> JSONDocument {
        .object([
            ("name", .string(target.name)), ("what", .string(target.text)),
            ("rows_per_request", target.rows.map { .integer($0) } ?? .null), ("process", .string(target.process)),
        ])
    }

    private func document(_ result: LoadResult) -> JSONDocument {
        let tally = result.tally
        return .object([
            ("target", .string(targets[result.target].name)),
            ("load", .string(result.level.label)),
            ("in_flight", Self.inFlight(result.level)),
            ("rate", result.level.rate.map { .number($0) } ?? .null),
            ("seconds", .number(result.seconds)),
            ("offered", .integer(tally.offered)),
            ("ok", .integer(tally.ok)),
            ("good", .integer(tally.good)),
            ("offered_rate", .number(result.offeredRate)),
            ("answer_rate", .number(result.answerRate)),
            ("goodput", .number(result.goodput)),
            ("latency_us", Self.latency(tally.latency)),
            ("lateness_us", tally.lateness.isEmpty ? .null : Self.latency(tally.lateness)),
            ("errors", Self.errors(tally)),
            ("bytes_in", .integer(Int(clamping: tally.bytesIn))),
            ("bytes_out", .integer(Int(clamping: tally.bytesOut))),
            ("server_cpu_us", result.serverCPU.map { .number($0) } ?? .null),
            ("client_cpu_us", .number(result.clientCPU)),
            ("batches", Self.batches(result.batches)),
            ("recovery_us", Self.recovery(result.recovery)),
        ])
    }

    private static func inFlight(_ level: LoadPlan.Level) -> JSONDocument {
        if case .closed(let inFlight) = level { .integer(inFlight) } else { .null }
    }

    private static func latency(_ histogram: LatencyHistogram) -> JSONDocument {
        var members = percentiles.map { ($0.0, JSONDocument.number(microseconds(histogram.value(at: $0.1)))) }
        members.append(("max", .number(microseconds(histogram.maximum))))
        members.append(("mean", .number(histogram.mean / 1e3)))
        return .object(members)
    }

    private static func errors(_ tally: SliceTally) -> JSONDocument {
        .list(
            tally.outcomes.sorted { ($1.value, $0.key.label) < ($0.value, $1.key.label) }.map { outcome, count in
                .object([
                    ("what", .string(outcome.label)), ("count", .integer(count)),
                    ("message", tally.messages[outcome].map { .string($0) } ?? .null),
                ])
            }
        )
    }

    private static func batches(_ sizes: BatchSizes?) -> JSONDocument {
        guard let sizes else { return .null }
        return .object([
            ("count", .integer(Int(clamping: sizes.batchCount))), ("mean_rows", .number(sizes.mean)),
            (
                "buckets",
                .list(
                    sizes.buckets.map { bucket in
                        .object([
                            ("le", bucket.bound.isFinite ? .number(bucket.bound) : .string("+Inf")),
                            ("count", .integer(Int(clamping: bucket.count))),
                        ])
                    }
                )
            ),
        ])
    }

    private static func recovery(_ recovery: LoadResult.Recovery?) -> JSONDocument {
        recovery?.nanoseconds.map { .number(microseconds($0)) } ?? .null
    }
}
