import Inference
package import ServingPrimitives
import ServingProtos
import SwiftProtobuf
import WireFormat

/// What fuzz-tfrecord does with an input, and the tests with its corpus.
///
/// The input is read as it is, which mostly fails at a checksum; then as the data of records whose checksums are right:
/// the reader has to give them back, and the decoder has to agree with the generated message on what they ask for.
package enum TFRecordExercise {
    package static func run(_ input: UnsafeRawBufferPointer) {
        if let disagreement = disagreement(on: Array(input)) { fatalError(disagreement) }
    }

    /// `nil` when all agree.
    package static func disagreement(on bytes: [UInt8]) -> String? {
        if let found = disagreementOnFile(bytes) { return found }
        let (first, second) = (Array(bytes.prefix(bytes.count / 2)), bytes)
        let file = framed(first) + framed(second)
        guard let records = try? records(in: file), records.map({ Array($0.bytes) }) == [first, second] else {
            return "records of \(first.count) and \(second.count) bytes are not read back"
        }
        return records.lazy.compactMap(disagreementOnLog).first
    }

    /// `data` as a record.
    package static func framed(_ data: [UInt8]) -> [UInt8] {
        let length = withUnsafeBytes(of: UInt64(data.count).littleEndian, Array.init)
        return length + checksum(length) + data + checksum(data)
    }

    /// Bit by bit, as the definition has it.
    private static func checksum(_ bytes: [UInt8]) -> [UInt8] {
        var crc: UInt32 = ~0
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 1 ? 0x82F6_3B78 : 0) }
        }
        crc = ~crc
        return withUnsafeBytes(of: ((crc >> 15 | crc << 17) &+ 0xA282_EAD8).littleEndian, Array.init)
    }

    package static func records(in file: [UInt8]) throws(ServingError) -> [TFRecord] {
        var reader = TFRecordReader(BytesSource(bytes: file))
        var records: [TFRecord] = []
        while let record = try reader.next() { records.append(record) }
        return records
    }

    private static func disagreementOnFile(_ bytes: [UInt8]) -> String? {
        do throws(ServingError) {
            let total = try records(in: bytes).reduce(0) { $0 + $1.bytes.count + 16 }
            return total <= bytes.count ? nil : "\(total) bytes of records in a file of \(bytes.count)"
        } catch {
            return error.code == .dataLoss ? nil : "not DATA_LOSS: \(error)"
        }
    }

    private static func disagreementOnLog(_ record: TFRecord) -> String? {
        var options = BinaryDecodingOptions()
        options.messageDepthLimit = 10_000
        let expected = try? Tensorflow_Serving_PredictionLog(serializedBytes: Array(record.bytes), options: options)
        do throws(ServingError) {
            let call = try PredictionLogDecoder.decode(record.bytes, owner: record)
            // A part that warming up does not need may be malformed.
            guard let expected else { return nil }
            return isSameType(call, expected.logType) ? nil : "read another call than \(String(describing: expected))"
        } catch {
            switch (error.code, expected?.logType) {
            case (.unimplemented, .sessionRunLog), (.unimplemented, .predictStreamedLog), (.unimplemented, nil):
                return nil
            case (.invalidArgument, _): return nil
            default: return "wrong reason: \(error)"
            }
        }
    }

    private static func isSameType(
        _ call: WarmUpCall?,
        _ type: Tensorflow_Serving_PredictionLog.OneOf_LogType?
    ) -> Bool {
        switch (call, type) {
        case (nil, nil), (.predict, .predictLog), (.classify, .classifyLog), (.regress, .regressLog),
            (.multiInference, .multiInferenceLog):
            true
        default: false
        }
    }
}

/// A file in memory.
package struct BytesSource: TFRecordSource {
    package var bytes: [UInt8]
    package var byteCount: UInt64 { UInt64(bytes.count) }

    package init(bytes: [UInt8]) { self.bytes = bytes }

    package func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) {
        let start = Int(offset)
        buffer.copyBytes(from: bytes[start..<start + buffer.count])
    }
}
