import ServingPrimitives

extension DumpReport {
    /// A table for a person.
    public var text: String {
        var lines = dumps.map { dump in
            let kind = dump.layout == .plain ? "one table, uncompressed" : "several tables, Snappy"
            return "\(dump.base): \(kind), \(dump.shardCount) shard\(dump.shardCount == 1 ? "" : "s")"
        }
        lines.append("")
        lines += Self.aligned([Self.heading] + tables.map(cells), numbers: 1...2)
        lines.append("")
        let known = tables.allSatisfy(\.isCounted) ? "\(entryCount) entries" : "entries not counted"
        lines.append("\(tables.count) table\(tables.count == 1 ? "" : "s"), \(known), \(Self.size(byteCount))")
        lines += warnings
        return lines.joined(separator: "\n") + "\n"
    }

    /// What somebody should look at before such rows are served.
    private var warnings: [String] {
        tables.flatMap { table in
            [(table.nonFiniteRows, "values are infinite or no numbers"), (table.zeroRows, "all values are zero")]
                .filter { $0.0 > 0 }
                .map { "table \(table.name): \($0.1) in \($0.0) of \(table.entryCount) rows" }
        }
    }

    private static let heading = ["table", "entries", "width", "updated", "optimizer", "values"]

    private func cells(_ table: Table) -> [String] {
        let count = table.isCounted ? "\(table.entryCount)" : "?"
        guard isComplete else { return [table.name, count, "?", "?", "?", "?"] }
        guard table.entryCount > 0 else { return [table.name, count, "–", "–", "–", "–"] }
        let values = table.packedRows == 0 ? "unpacked" : table.packedRows == table.entryCount ? "packed" : "mixed"
        return [
            table.name, count, "\(table.width)", table.updateTimes.map(Self.period) ?? "never",
            table.optimizers.isEmpty ? "none" : table.optimizers.sorted().joined(separator: " or "), values,
        ]
    }

    private static func period(_ times: ClosedRange<Int64>) -> String {
        let (first, last) = (time(times.lowerBound), time(times.upperBound))
        return first == last ? first : "\(first) – \(last)"
    }

    /// What a calendar has no room for is left as it is.
    private static func time(_ seconds: Int64) -> String {
        (0...253_402_300_799).contains(seconds) ? UTCDate(seconds: Int(seconds)).text : "\(seconds)"
    }

    /// Columns as wide as their widest cell.
    private static func aligned(_ rows: [[String]], numbers: ClosedRange<Int>) -> [String] {
        let widths = heading.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = row.enumerated().map { column, cell in
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                return numbers.contains(column) ? padding + cell : cell + padding
            }
            var line = cells.joined(separator: "  ")
            while line.hasSuffix(" ") { line.removeLast() }
            return line
        }
    }

    static func size(_ bytes: UInt64) -> String {
        let units: [(UInt64, String)] = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1000, "kB")]
        for (unit, name) in units where bytes >= unit { return "\(bytes / unit).\(bytes % unit * 10 / unit) \(name)" }
        return "\(bytes) bytes"
    }
}
