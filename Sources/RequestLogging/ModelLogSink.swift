import Inference
import ServingPrimitives
import WireFormat

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Turns the sampled calls of one model into records and hands them to the writer.
struct ModelLogSink: RequestLogSink {
    let file: RequestLogFile
    let queue: LogQueue
    let counts: LogCounts
    let samplingRate: Double
    let savedModelTags: [String]

    func log(_ call: LoggedCall) {
        let metadata = PredictionLogEncoder.Metadata(
            samplingRate: samplingRate,
            savedModelTags: savedModelTags,
            timestamp: Int64(time(nil))
        )
        do throws(ServingError) {
            let data = try PredictionLogEncoder(call, metadata)
            guard queue.admit(byteCount: TFRecordFormat.byteCount(ofData: data.byteCount)) else {
                // The disk is slower than the calls come.
                return counts.count(.unavailable)
            }
            queue.add(.record(LogRecord(data, counts: counts), file))
        } catch {
            counts.count(error.code)
        }
    }
}
