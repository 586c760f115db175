public import ServingMetrics
public import ServingPrimitives

/// A line of JSON for each request, written by a thread of its own. Whatever becomes of the file, requests never wait.
public final class AccessLog: TelemetrySink {
    /// Lines that may wait to be written.
    public static let capacity = 16_384
    /// Nanoseconds that lines are gathered for one write.
    static let linger: UInt64 = 50_000_000

    private let file: AccessLogFile
    private let drain: RecordDrain
    private let lines: MetricFamily<Counter>

    /// Opens the file.
    ///
    /// - Parameters:
    ///   - path: `-` is standard output.
    ///   - registry: where lines are counted.
    /// - Throws: why the file cannot be opened.
    public init(path: String, registry: MetricRegistry, capacity: Int = AccessLog.capacity) throws(ServingError) {
        let file = try AccessLogFile(path)
        let lines = registry.counter("apus_access_log_lines_total", labels: ["outcome"])
        let (written, lost) = (lines.cell(["written"]), lines.cell(["lost"]))
        self.file = file
        self.lines = lines
        drain = RecordDrain(named: "access-log", capacity: capacity, linger: Self.linger) { records in
            let clock = WallClock()
            for chunk in records.chunks(of: 256) {
                var text: [UInt8] = []
                for record in chunk { text += record.accessLogLine(clock) }
                let isWritten = file.write(text)
                (isWritten ? written : lost).increment(by: Int64(chunk.count))
            }
        }
    }

    public func take(_ record: RequestRecord) { if !drain.offer(record) { lines.cell(["lost"]).increment() } }

    /// Opens the file anew, which somebody may have renamed to keep it. When that fails the old one stays in use.
    ///
    /// - Throws: why it cannot be opened.
    public func reopen() throws(ServingError) { try file.reopen() }

    /// Writes what is waiting, at most for so many nanoseconds.
    public func close(within nanoseconds: UInt64) { drain.close(within: nanoseconds) }
}

extension Array {
    fileprivate func chunks(of count: Int) -> [ArraySlice<Element>] {
        stride(from: 0, to: self.count, by: count).map { self[$0..<Swift.min($0 + count, self.count)] }
    }
}
