import ServingPrimitives

/// Whole records that lie one after the other in memory, which is used again for the next ones.
package final class RecordChunk: @unchecked Sendable {
    // Sendable: one thread has it, and takes it along when it goes through the lock of a reader.
    let buffer = GrowingBuffer<UInt8>()
    /// Where the data of each record begins, and how much it is.
    var places: [(start: Int, count: Int)] = []

    /// The number of the first record in its file, from 0.
    package internal(set) var firstRecord = 0
    /// Where the chunk begins among the bytes of all records.
    package internal(set) var firstByte: UInt64 = 0

    package init() {}

    package var count: Int { places.count }

    /// The data of a record, checked or not; valid until the chunk is filled again.
    package func data(_ index: Int) -> UnsafeRawBufferPointer {
        let place = places[index]
        return UnsafeRawBufferPointer(rebasing: buffer.raw[place.start..<place.start + place.count])
    }

    /// Whether the data of a record is what was written.
    package func isIntact(_ index: Int) -> Bool {
        let place = places[index]
        let end = place.start + place.count + TFRecordFormat.checksumBytes
        return TFRecordFormat.isIntact(UnsafeRawBufferPointer(rebasing: buffer.raw[place.start..<end]))
    }

    /// Where a record begins, for errors: `record 7 (at byte 1232)`.
    package func title(_ index: Int) -> String {
        "record \(firstRecord + index) (at byte \(firstByte + UInt64(places[index].start - TFRecordFormat.headerBytes)))"
    }
}
