import ServingPrimitives
import Synchronization

/// Collects the entries of a table that go to the same shard, from several threads, in an uncompressed file.
final class EntrySpool: Sendable {
    private let writer: Mutex<RecordFileWriter>

    init(_ temporaryPath: String) throws(ServingError) {
        writer = Mutex(try RecordFileWriter(temporaryPath, compression: .none))
    }

    /// Entries that come together are written together.
    func append(_ write: (RecordFileWriter) throws(ServingError) -> Void) throws(ServingError) {
        try writer.withLock { (writer) throws(ServingError) in try write(writer) }
    }

    /// Removes the file now, whoever still knows this object.
    func discard() { writer.withLock { $0.discard() } }

    func finish(as path: String) throws(ServingError) {
        try writer.withLock { (writer) throws(ServingError) in try writer.finish(as: path) }
    }
}
