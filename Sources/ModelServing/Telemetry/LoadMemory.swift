import Servables
import ServingPrimitives
import Synchronization

/// How much memory the process grew by when it loaded a version. Known only for loads that no other load overlapped; what
/// requests took or gave back meanwhile is in it.
///
/// To count what is allocated means to walk the free lists of the heaps: milliseconds, where many models came and went. A
/// version that comes again is not counted each time.
final class LoadMemory: Sendable {
    private struct State {
        var loads = 0
        /// Loads that have begun since the start.
        var begun = 0
        var growth: [ServableID: Int] = [:]
        /// What versions took when they were last counted, and how often they were loaded since.
        var counted: [ServableID: (bytes: Int, copies: Int, loads: Int)] = [:]
    }

    private static let loadsBetweenCounts = 15
    private static let maximumCounted = 20_000

    private let state = Mutex(State())
    private let bytesInUse: @Sendable () -> Int?

    /// - Parameter bytesInUse: by default what is allocated: what loading alone took and has freed is not in it, although it may
    ///   not be given back to the system yet.
    init(bytesInUse: @escaping @Sendable () -> Int? = LoadMemory.allocatedBytes) { self.bytesInUse = bytesInUse }

    @Sendable private static func allocatedBytes() -> Int? {
        SystemAllocator.bytesInUse() ?? ProcessStatistics.anonymousBytes()
    }

    /// Whether the next load of the version is one that is counted.
    func counts(_ id: ServableID, copies: Int = 1) -> Bool {
        state.withLock { Self.counted(id, copies, $0) == nil }
    }

    private static func counted(_ id: ServableID, _ copies: Int, _ state: borrowing State) -> Int? {
        state.counted[id].flatMap { $0.loads < loadsBetweenCounts && $0.copies == copies ? $0.bytes : nil }
    }

    /// Calls `load` and remembers what it took, and what the loaded model holds elsewhere, when it succeeds and nothing else is
    /// loaded meanwhile.
    ///
    /// - Parameter copies: how many of it are loaded.
    func measuring<R, E: Error>(
        _ id: ServableID,
        copies: Int = 1,
        elsewhere: (R) -> Int = { _ in 0 },
        _ load: () throws(E) -> R
    ) throws(E) -> R {
        let (wasAlone, number, known) = state.withLock { state in
            state.loads += 1
            state.begun += 1
            return (state.loads == 1, state.begun, Self.counted(id, copies, state))
        }
        let before = known == nil ? bytesInUse() : nil
        defer { state.withLock { $0.loads -= 1 } }
        let result = try load()
        if let known {
            state.withLock { state in
                state.growth[id] = known
                state.counted[id]?.loads += 1
            }
        } else if let before, let after = bytesInUse(), wasAlone {
            let growth = max(after - before, 0) + elsewhere(result)
            state.withLock { state in
                guard state.begun == number else { return }
                state.growth[id] = growth
                // The first load of all brings the engine with it.
                guard number > 1 else { return }
                if state.counted.count >= Self.maximumCounted { state.counted = [:] }
                state.counted[id] = (growth, copies, 0)
            }
        }
        return result
    }

    func forget(_ id: ServableID) { state.withLock { $0.growth[id] = nil } }

    /// Bytes by version.
    var growth: [ServableID: Int] { state.withLock { $0.growth } }
}
