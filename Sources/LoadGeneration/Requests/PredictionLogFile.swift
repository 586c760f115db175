public import ServingPrimitives
import ServingProtos
import SwiftProtobuf

/// Reads a TFRecord file of `tensorflow.serving.PredictionLog`, as warm-up files and request logs are.
public enum PredictionLogFile {
    private struct Source: TFRecordSource {
        let bytes: [UInt8]
        var byteCount: UInt64 { UInt64(bytes.count) }

        func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(ServingError) {
            // The reader asks only for what lies within `byteCount`.
            buffer.copyBytes(from: bytes[Int(offset)..<(Int(offset) + buffer.count)])
        }
    }

    /// `nil` when the first record's checksum says that this is no such file.
    ///
    /// - Throws: `DATA_LOSS` when a later one does; `INVALID_ARGUMENT` when a record is something else.
    static func records(in bytes: [UInt8]) throws(ServingError) -> [Tensorflow_Serving_PredictionLog]? {
        var reader = TFRecordReader(Source(bytes: bytes))
        var records: [Tensorflow_Serving_PredictionLog] = []
        do throws(ServingError) {
            while let record = try reader.next() { records.append(try log(record)) }
        } catch {
            if records.isEmpty, error.code == .dataLoss { return nil }
            throw error
        }
        return records.isEmpty ? nil : records
    }

    /// When the requests of a log came, in nanoseconds from the first one on, in the order of the file: what of a second is
    /// spread over it, as records tell no more than the second.
    ///
    /// - Parameter speed: 2 is in half the time.
    /// - Throws: `INVALID_ARGUMENT` when it is no such file; as `records`.
    public static func arrivals(in bytes: [UInt8], speed: Double) throws(ServingError) -> [UInt64] {
        guard let records = try records(in: bytes) else {
            throw .invalidArgument("the file to replay is no TFRecord file of PredictionLogs, or it is empty")
        }
        // Answers of one moment may be logged in any order; the requests keep that of the file.
        let seconds = records.map(\.logMetadata.timestampSecs).sorted()
        guard let first = seconds.first, let last = seconds.last, first >= 0, last - first < 1_000_000 else {
            throw .invalidArgument("the log to replay spans more than a million seconds")
        }
        var arrivals: [UInt64] = []
        var start = seconds.startIndex
        while start < seconds.endIndex {
            let end = seconds[start...].firstIndex { $0 != seconds[start] } ?? seconds.endIndex
            for position in start..<end {
                let part = Double(position - start) / Double(end - start)
                arrivals.append(UInt64((Double(seconds[start] - first) + part) / speed * 1e9))
            }
            start = end
        }
        return arrivals
    }

    private static func log(_ record: TFRecord) throws(ServingError) -> Tensorflow_Serving_PredictionLog {
        do {
            return try Tensorflow_Serving_PredictionLog(serializedBytes: Array(record.bytes))
        } catch {
            throw .invalidArgument("a record is no PredictionLog: \(error)")
        }
    }
}
