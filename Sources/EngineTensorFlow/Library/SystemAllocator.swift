import CTensorFlow
import Synchronization

/// The allocator that TensorFlow's tensors come from: the system's, tuned so that it is as fast as TensorFlow's own
/// pool, and gives memory back, which that pool never does.
enum SystemAllocator {
    /// Models that are being loaded, prepared or ended now.
    private static let changes = Mutex<Int>(0)

    /// Lets the tensors of runs come from the heaps and their memory stay there: mapping and clearing new pages in each
    /// run doubles the time of some models. Few heaps: each keeps what its threads freed.
    static func tune() {
        ctf_set_malloc_arenas(2)
        ctf_set_malloc_thresholds(1 << 30, .max)
    }

    /// Calls `body`, which loads, prepares or ends a model, so that all memory it frees goes back to the system. Adds 2
    /// to 35 ms.
    ///
    /// Meanwhile the limits are glibc's own, so large variables get mappings of their own, which go back when the model
    /// ends. (Trimming would not do: it leaves the ends of all heaps but the first, up to 64 MiB each.) Runs of other
    /// models at that time pay with page faults.
    static func givingBack<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
        changes.withLock { count in
            count += 1
            ctf_set_malloc_thresholds(128 << 10, 4 << 20)
        }
        defer {
            changes.withLock { count in
                count -= 1
                guard count == 0 else { return }
                ctf_trim_malloc()
                ctf_set_malloc_thresholds(1 << 30, .max)
            }
        }
        return try body()
    }
}
