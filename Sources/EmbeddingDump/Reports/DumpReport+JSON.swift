import ServingPrimitives

extension DumpReport {
    /// The same for a program, on one line. What is not known is left out.
    public var json: String {
        let dumps = dumps.map { dump in
            Self.object([
                ("base", JSONQuoting.quoted(dump.base)), ("layout", JSONQuoting.quoted(dump.layout.rawValue)),
                ("shards", "\(dump.shardCount)"),
            ])
        }
        return Self.object([
            ("dumps", "[\(dumps.joined(separator: ", "))]"), ("bytes", "\(byteCount)"), ("complete", "\(isComplete)"),
            ("tables", "[\(tables.map(object).joined(separator: ", "))]"),
        ])
    }

    private func object(_ table: Table) -> String {
        var fields = [("name", JSONQuoting.quoted(table.name))]
        if table.isCounted { fields.append(("entries", "\(table.entryCount)")) }
        if isComplete {
            let optimizers = table.optimizers.sorted().map(JSONQuoting.quoted).joined(separator: ", ")
            fields += [
                ("width", "\(table.width)"), ("zero_rows", "\(table.zeroRows)"),
                ("non_finite_rows", "\(table.nonFiniteRows)"), ("packed_rows", "\(table.packedRows)"),
                ("optimizers", "[\(optimizers)]"),
            ]
        }
        if let times = table.updateTimes {
            fields += [("first_update", "\(times.lowerBound)"), ("last_update", "\(times.upperBound)")]
        }
        return Self.object(fields)
    }

    private static func object(_ fields: [(String, String)]) -> String {
        "{\(fields.map { "\"\($0)\": \($1)" }.joined(separator: ", "))}"
    }
}
