import CSystemAllocator
import Synchronization

/// The allocator that models and the tensors of runs come from: the C library's, tuned so that it is as fast as TensorFlow's
/// own pool, and gives memory back, which that pool never does.
public enum SystemAllocator {
    private struct Changes {
        /// Models that are being loaded, prepared or ended now.
        var running = 0
        /// All that have begun.
        var begun = 0
    }

    private static let changes = Mutex(Changes())
    /// A model's first run comes right after its load, and has the heaps to itself before they are locked and walked.
    private static let trimmer = HeapTrimmer(delayNanoseconds: 30_000_000, trim: csa_trim)

    /// Lets the tensors of runs come from the heaps and their memory stay there: mapping and clearing new pages in each
    /// run doubles the time of some models. Few heaps: each keeps what its threads freed.
    public static func tune() {
        csa_set_heap_count(2)
        csa_set_thresholds(1 << 30, .max)
    }

    /// Calls `body`, which loads, prepares or ends a model, so that all memory it frees goes back to the system, some
    /// milliseconds after it.
    ///
    /// Meanwhile the limits are glibc's own, so large variables get mappings of their own, which go back when the model
    /// ends. (Trimming would not do: it leaves the ends of all heaps but the first, up to 64 MiB each.) Runs of other
    /// models at that time pay with page faults.
    public static func givingBack<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
        _ = begin()
        defer { end() }
        return try body()
    }

    /// As `givingBack`, and tells how many bytes more are in use afterwards: `nil` where models were changed at the same time,
    /// or nobody can tell. What requests hold is in it.
    public static func measuring<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> (result: R, growth: Int?) {
        let number = begin()
        defer { end() }
        let before = bytesInUse()
        let result = try body()
        let after = bytesInUse()
        guard let number, changes.withLock({ number == $0.begun }), let before, let after else { return (result, nil) }
        return (result, max(after - before, 0))
    }

    /// - Returns: its number; `nil` when it is not alone.
    private static func begin() -> Int? {
        changes.withLock { changes in
            changes.running += 1
            changes.begun += 1
            csa_set_thresholds(128 << 10, 4 << 20)
            return changes.running == 1 ? changes.begun : nil
        }
    }

    private static func end() {
        changes.withLock { changes in
            changes.running -= 1
            if changes.running == 0 { csa_set_thresholds(1 << 30, .max) }
        }
        giveBack()
    }

    /// Has free memory given back to the system soon, on a thread of its own.
    public static func giveBack() { trimmer.request() }

    /// Bytes that are allocated and not freed; `nil` where nobody can tell. Walks the free lists: tenths of milliseconds, and
    /// several where many models came and went.
    @Sendable public static func bytesInUse() -> Int? {
        let bytes = csa_bytes_in_use()
        return bytes >= 0 ? bytes : nil
    }
}
