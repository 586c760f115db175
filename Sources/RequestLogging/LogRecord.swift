import ServingMetrics
import ServingPrimitives
import WireFormat

/// One record of a TFRecord file on its way to the disk.
final class LogRecord: @unchecked Sendable {
    // Sendable: written by the thread that makes it, then handed to the writer, which alone seals it.
    private let memory: UnsafeMutableRawBufferPointer
    private let counts: LogCounts

    /// - Parameters:
    ///   - data: of the record.
    ///   - counts: where it is counted what becomes of it.
    convenience init(_ data: PredictionLogEncoder, counts: LogCounts) {
        self.init(byteCount: data.byteCount, counts: counts) { data.write(into: $0) }
    }

    convenience init(data: [UInt8], counts: LogCounts) {
        self.init(byteCount: data.count, counts: counts) { $0.copyBytes(from: data) }
    }

    private init(byteCount: Int, counts: LogCounts, _ write: (UnsafeMutableRawBufferPointer) -> Void) {
        memory = .allocate(byteCount: TFRecordFormat.byteCount(ofData: byteCount), alignment: 16)
        let start = TFRecordFormat.headerBytes
        write(UnsafeMutableRawBufferPointer(rebasing: memory[start..<start + byteCount]))
        self.counts = counts
    }

    deinit { memory.deallocate() }

    /// Of the whole record.
    var byteCount: Int { memory.count }

    /// The record with its checksums.
    func sealed() -> UnsafeRawBufferPointer {
        TFRecordFormat.seal(memory)
        return UnsafeRawBufferPointer(memory)
    }

    /// It is in the file (`OK`) or was dropped, and why.
    func end(_ code: CanonicalCode) { counts.count(code) }
}

/// What became of the sampled calls of a model.
struct LogCounts: Sendable {
    private let model: String
    private let family: MetricFamily<Counter>
    private let written: Counter

    init(model: String, metrics: ServerMetrics) {
        self.model = model
        family = metrics.requestLogCount
        written = family.cell([model, CanonicalCode.ok.name])
    }

    func count(_ code: CanonicalCode) {
        if code == .ok { written.increment() } else { family.cell([model, code.name]).increment() }
    }
}
