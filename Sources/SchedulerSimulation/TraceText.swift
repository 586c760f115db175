public import ServingPrimitives

/// Recorded requests as text: a line `arrival_ms,rows,deadline_ms[,priority,tenant,model]` for each.
public enum TraceText {
    /// Models that a trace can name, from 0.
    private static let maximumModels = 1000

    /// - Throws: `INVALID_ARGUMENT` with the line that is wrong.
    public static func requests(_ text: String) throws(ServingError) -> [SimulatedRequest] {
        var requests: [SimulatedRequest] = []
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let line = line.filter { $0 != " " }
            if line.isEmpty || line.hasPrefix("#") || index == 0 && line.hasPrefix("arrival_ms") { continue }
            guard let request = request(line) else {
                throw .invalidArgument(
                    "Line \(index + 1) of the trace is not arrival_ms,rows,deadline_ms[,priority,tenant,model]: \(line)"
                )
            }
            requests.append(request)
        }
        guard !requests.isEmpty else { throw .invalidArgument("The trace has no request") }
        return requests.sorted { $0.arrival < $1.arrival }
    }

    private static func request(_ line: String) -> SimulatedRequest? {
        let fields = line.split(separator: ",", omittingEmptySubsequences: false)
        guard (3...6).contains(fields.count), let arrival = nanoseconds(fields[0]), let rows = Int(fields[1]),
            (0...1 << 20).contains(rows)
        else { return nil }
        let budget = nanoseconds(fields[2])
        guard fields[2].isEmpty || budget != nil else { return nil }
        func number(_ index: Int) -> Int? { index < fields.count && !fields[index].isEmpty ? Int(fields[index]) : 0 }
        guard let priority = number(3), let tenant = number(4), let model = number(5),
            (0..<maximumModels).contains(model)
        else { return nil }
        return SimulatedRequest(
            arrival: arrival,
            rows: rows,
            budget: budget,
            priority: priority,
            tenant: tenant,
            model: model
        )
    }

    /// Of a number of milliseconds, up to a month.
    private static func nanoseconds(_ field: Substring) -> UInt64? {
        guard let value = Double(field), value >= 0, value < 2.7e9 else { return nil }
        return UInt64(value * 1e6)
    }
}
