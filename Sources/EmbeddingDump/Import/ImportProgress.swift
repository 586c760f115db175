import Synchronization

/// How far an import has come; may be asked, and told to stop, from any thread.
public final class ImportProgress: Sendable {
    private let bytes = Atomic<UInt64>(0)
    private let entries = Atomic<UInt64>(0)
    private let isCancelledFlag = Atomic<Bool>(false)

    public init() {}

    /// Of the files, compressed as they are.
    public var bytesRead: UInt64 { bytes.load(ordering: .relaxed) }
    /// Entries that were handed on.
    public var entryCount: UInt64 { entries.load(ordering: .relaxed) }

    /// Lets the import end soon, with `CANCELLED`.
    public func cancel() { isCancelledFlag.store(true, ordering: .relaxed) }

    var isCancelled: Bool { isCancelledFlag.load(ordering: .relaxed) }

    func add(bytes count: UInt64) { bytes.wrappingAdd(count, ordering: .relaxed) }
    func add(entries count: Int) { entries.wrappingAdd(UInt64(count), ordering: .relaxed) }
}
