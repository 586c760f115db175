import ServingPrimitives
import ServingProtos
import SwiftProtobuf
import WireFormat

/// Reads a TFRecord file of `tensorflow.serving.PredictionLog`, as warm-up files and request logs are.
enum PredictionLogFile {
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

    private static func log(_ record: TFRecord) throws(ServingError) -> Tensorflow_Serving_PredictionLog {
        do {
            return try Tensorflow_Serving_PredictionLog(serializedBytes: Array(record.bytes))
        } catch {
            throw .invalidArgument("a record is no PredictionLog: \(error)")
        }
    }
}
