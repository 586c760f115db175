extension RunReport {
    /// For a terminal: a table, then what went wrong.
    public var table: String {
        var lines = [TextTable.lines([header] + results.map(row), leftCount: 2), ""]
        if let batches = batchLines { lines += [batches, ""] }
        lines += errorLines + burstLines + foundLines
        for target in targets { lines.append("\(target.name): \(target.text). \(target.process)") }
        if hasOpenLoop { lines.append("Latencies count from the time a request was meant to be sent. \(lateness)") }
        if isInterrupted { lines.append("Interrupted: the last row is of a part of its time.") }
        lines.append(machine.text)
        return lines.joined(separator: "\n")
    }

    var header: [String] {
        var names = ["target", "load"]
        if hasOpenLoop { names.append("offered/s") }
        names.append("answers/s")
        if hasDeadline { names.append("in time/s") }
        if hasRows { names.append("rows/s") }
        names += ["p50", "p90", "p99", "p99.9", "max", "errors"]
        if hasServerCPU { names.append("server µs") }
        names.append("client µs")
        return names + (hasBatches ? ["batch"] : [])
    }

    func row(_ result: LoadResult) -> [String] {
        var cells = [targets[result.target].name, result.level.label]
        if hasOpenLoop { cells.append(result.level.rate == nil ? "-" : TextTable.rate(result.offeredRate)) }
        cells.append(TextTable.rate(result.answerRate))
        if hasDeadline { cells.append(TextTable.rate(result.goodput)) }
        if hasRows {
            cells.append(targets[result.target].rows.map { TextTable.rate(result.answerRate * Double($0)) } ?? "-")
        }
        let latency = result.tally.latency
        for share in [0.5, 0.9, 0.99, 0.999] {
            cells.append(latency.isEmpty ? "-" : TextTable.time(latency.value(at: share)))
        }
        cells.append(latency.isEmpty ? "-" : TextTable.time(latency.maximum))
        cells.append(TextTable.grouped(result.tally.errors))
        if hasServerCPU { cells.append(result.serverCPU.map(TextTable.digits) ?? "-") }
        cells.append(TextTable.digits(result.clientCPU))
        if hasBatches { cells.append(result.batches.map { TextTable.digits($0.mean) } ?? "-") }
        return cells
    }

    /// How late the generator itself was.
    var lateness: String {
        let late = results.reduce(into: LatencyHistogram()) { $0.add($1.tally.lateness) }
        guard !late.isEmpty else { return "" }
        return "Sends were late by \(TextTable.time(late.value(at: 0.5))) at the median, "
            + "\(TextTable.time(late.value(at: 0.99))) at the 99th percentile."
    }

    private var batchLines: String? {
        guard hasBatches else { return nil }
        let lines = results.compactMap { result in
            result.batches.map { batches in
                let parts = batches.buckets.filter { $0.count > 0 }.map { bucket in
                    let share = 100 * Double(bucket.count) / Double(max(1, batches.batchCount))
                    return
                        "≤\(bucket.bound.isFinite ? TextTable.short(bucket.bound) : "∞"): \(TextTable.digits(share)) %"
                }
                return "Batches of \(targets[result.target].name) at \(result.level.label): "
                    + "\(TextTable.grouped(Int(clamping: batches.batchCount))), rows " + parts.joined(separator: ", ")
            }
        }
        return lines.isEmpty ? nil : lines.joined(separator: "\n")
    }

    private var errorLines: [String] {
        var lines: [String] = []
        for result in results where result.tally.errors > 0 {
            lines.append("Errors of \(targets[result.target].name) at \(result.level.label):")
            for (outcome, count) in result.tally.outcomes.sorted(by: { $0.value > $1.value }) {
                let message = result.tally.messages[outcome].map { "  \(Self.firstLine($0))" } ?? ""
                lines.append("  \(TextTable.grouped(count)) \(outcome.label)\(message)")
            }
        }
        return lines.isEmpty ? [] : lines + [""]
    }

    var foundLines: [String] {
        guard let search else { return [] }
        let lines = search.found.map { found in
            let name = targets[found.target].name
            return found.rate.map { "\(name): \(search.objective.text) up to \(TextTable.rate($0)) requests/s." }
                ?? "\(name): \(search.objective.text) at no rate that was tried."
        }
        return lines + [""]
    }

    var burstLines: [String] {
        let lines = results.compactMap { result -> String? in
            guard case .burst = result.level else { return nil }
            let name = targets[result.target].name
            guard let recovery = result.recovery else { return "\(name): the burst's end is not in the run." }
            return recovery.nanoseconds.map {
                "\(name): back to 95 % of answers in time \(TextTable.time($0)) after the burst."
            }
                ?? "\(name): not back to 95 % of answers in time after the burst."
        }
        return lines.isEmpty ? [] : lines + [""]
    }

    static func firstLine(_ text: String) -> String {
        let line = text.prefix { $0 != "\n" && $0 != "\r\n" }
        return line.count > 160 ? line.prefix(160) + "…" : String(line)
    }
}
