import Servables

extension PlacementPlan {
    /// A table of devices with what is on them, then what moves, then what has no place and why.
    ///
    /// - Parameter width: of a line; longer lists of models go on in the next.
    public func text(width: Int = 100) -> String {
        var rows = [["DEVICE", "TAKEN", "BUDGET", "FULL", "LOAD", "MODELS"]]
        let lists = Dictionary(grouping: assignments, by: \.device)
        for total in devices {
            let budget = total.device.budget
            rows.append([
                total.device.name, ByteCount.text(total.bytes), ByteCount.text(budget),
                budget > 0 ? "\(Int((Double(total.bytes) / Double(budget) * 100).rounded()))%" : "-",
                ByteCount.decimal(total.load, 2), "\(total.replicas)",
            ])
        }
        var lines: [String] = []
        for (index, row) in Self.aligned(rows).enumerated() {
            lines.append(row)
            guard index > 0 else { continue }
            lines += Self.wrapped((lists[devices[index - 1].device.name] ?? []).map(\.label), width: width)
        }
        if !moves.isEmpty {
            lines += ["", "MOVES"]
            lines += moves.map { "    \($0.replica.label): \($0.previousDevice ?? "") -> \($0.device)" }
        }
        let loads = assignments.filter(\.isNew)
        if !loads.isEmpty {
            lines += ["", "LOADS"]
            lines += loads.map { "    \($0.replica.label): -> \($0.device)" }
        }
        if !refusals.isEmpty {
            lines += ["", "NO PLACE"]
            // Versions that belong together have one reason.
            var told: Set<String> = []
            lines += refusals.map(\.reason).filter { told.insert($0).inserted }.map { "    \($0)" }
        }
        if !resting.isEmpty {
            lines += ["", "AT REST UNTIL ASKED FOR"]
            let more = resting.count - Self.mostResting
            lines += Self.wrapped(resting.prefix(Self.mostResting).map(\.label), width: width)
            if more > 0 { lines.append("    and \(more) more") }
        }
        lines += ["", summary]
        return lines.joined(separator: "\n")
    }

    /// `12 of 13 models on 4 devices: 768 MB of 960 MB taken, 64 MB without a place`
    public var summary: String {
        let placed = Set(assignments.map(\.replica.id)).count
        let all = Set(refusals.map(\.replica.id)).union(assignments.map(\.replica.id)).union(resting.map(\.id)).count
        let taken = ByteCount.text(devices.reduce(0) { $0.addingSaturating($1.bytes) })
        let budget = ByteCount.text(devices.reduce(0) { $0.addingSaturating(max($1.device.budget, 0)) })
        var text = placed == all ? "\(all)" : "\(placed) of \(all)"
        text += " model\(all == 1 ? "" : "s") on \(devices.count) device\(devices.count == 1 ? "" : "s"): "
        text += "\(taken) of \(budget) taken"
        if !refusals.isEmpty {
            text += ", \(ByteCount.text(refusals.reduce(0) { $0.addingSaturating($1.bytes) })) without a place"
        }
        return text
    }

    /// There may be many thousands.
    private static let mostResting = 40

    private static func aligned(_ rows: [[String]]) -> [String] {
        let columns = rows.first?.indices ?? 0..<0
        let widths = columns.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            // Names to the left, numbers to the right.
            row.indices.map { column in
                let space = String(repeating: " ", count: widths[column] - row[column].count)
                return column == 0 ? row[column] + space : space + row[column]
            }.joined(separator: "  ")
        }
    }

    private static func wrapped(_ words: [String], width: Int) -> [String] {
        var lines: [String] = []
        for word in words {
            if let last = lines.last, last.count + word.count + 2 <= width {
                lines[lines.count - 1] = "\(last), \(word)"
            } else {
                lines.append("    \(word)")
            }
        }
        return lines
    }
}

extension PlacementPlan.Replica {
    /// `NAME/VERSION`, and `#2` for the second replica.
    public var label: String { "\(id.name)/\(id.version)\(index == 0 ? "" : "#\(index + 1)")" }
}

extension PlacementPlan.Assignment {
    /// `NAME/VERSION 64 MB`, with what is special about it.
    var label: String {
        let remarks = [isPinned ? "pinned" : nil, size == .given ? nil : size.rawValue].compactMap(\.self)
        let text = "\(replica.label) \(ByteCount.text(bytes))"
        return remarks.isEmpty ? text : "\(text) (\(remarks.joined(separator: ", ")))"
    }
}
