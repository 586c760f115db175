import EngineEmbedding
import ServingPrimitives

/// What fuzz-push-journal does with an input: reads it as a file of a journal, as it is, and as the data of a record that is
/// framed as it should be; and replays what it has.
package enum PushJournalExercise {
    package static func run(_ input: UnsafeRawBufferPointer) {
        if let fault = fault(in: Array(input)) { fatalError(fault) }
    }

    /// `nil` when all is well.
    package static func fault(in bytes: [UInt8]) -> String? {
        let head = framed(Array("APUSPSH1/base".utf8))
        return readingFault(bytes) ?? readingFault(head + framed(bytes)) ?? readingFault(head + bytes)
    }

    private static func readingFault(_ bytes: [UInt8]) -> String? {
        bytes.withUnsafeBytes { bytes in
            let scan = JournalScan(bytes)
            guard scan.end <= bytes.count, scan.byteCount == bytes.count else { return "it ends behind its end" }
            var place = 0
            for range in scan.pushes {
                guard range.lowerBound >= place, range.upperBound <= scan.end else { return "pushes are out of order" }
                place = range.upperBound
                guard let push = PushRecord(UnsafeRawBufferPointer(rebasing: bytes[range])) else {
                    return "a push is none"
                }
                if let fault = replayFault(push) { return fault }
            }
            guard scan.isOfThisFormat else { return nil }
            // What is left after the tail is cut off is read in the same way, and has no tail.
            let rest = JournalScan(UnsafeRawBufferPointer(rebasing: bytes[..<scan.end]))
            guard rest.pushes == scan.pushes, rest.damages == scan.damages, rest.end == scan.end else {
                return "without its tail it is read otherwise"
            }
            return nil
        }
    }

    private static func replayFault(_ push: PushRecord) -> String? {
        guard push.dimension < 1 << 12,
            let format = try? RowFormat([RowSegment(dimension: push.dimension, compression: .fp32)]),
            let table = try? EmbeddingTable(format: format, limits: TableLimits(maximumBytes: 16 << 20))
        else { return nil }
        var taken = 0
        push.withRows { (ids, numbers) in
            let (ids, numbers) = (Array(ids), Array(numbers))
            let summary = try? table.update(ids.span, numbers.span, timestamp: 1)
            taken = (summary?.changed ?? 0) + (summary?.inserted ?? 0) + (summary?.refused ?? 0)
        }
        return taken == push.count ? nil : "\(taken) of \(push.count) rows are told of"
    }

    /// A record as TFRecord files have it.
    package static func framed(_ data: [UInt8]) -> [UInt8] {
        var record = [UInt8](repeating: 0, count: TFRecordFormat.byteCount(ofData: data.count))
        record.withUnsafeMutableBytes { record in
            UnsafeMutableRawBufferPointer(rebasing: record[TFRecordFormat.headerBytes...]).copyBytes(from: data)
            TFRecordFormat.seal(record)
        }
        return record
    }
}
