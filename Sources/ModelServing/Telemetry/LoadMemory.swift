import Servables
import ServingPrimitives
import Synchronization

/// How much memory the process grew by when it loaded a version. Known only for loads that no other load overlapped; what
/// requests took or gave back meanwhile is in it.
final class LoadMemory: Sendable {
    private struct State {
        var loads = 0
        /// Loads that have begun since the start.
        var begun = 0
        var growth: [ServableID: Int] = [:]
    }

    private let state = Mutex(State())
    private let bytesInUse: @Sendable () -> Int?

    /// - Parameter bytesInUse: by default what is allocated: what loading alone took and has freed is not in it, although it may
    ///   not be given back to the system yet.
    init(bytesInUse: @escaping @Sendable () -> Int? = LoadMemory.allocatedBytes) { self.bytesInUse = bytesInUse }

    @Sendable private static func allocatedBytes() -> Int? {
        SystemAllocator.bytesInUse() ?? ProcessStatistics.anonymousBytes()
    }

    /// Calls `load` and remembers what it took, and what the loaded model holds elsewhere, when it succeeds and nothing else is loaded meanwhile.
    func measuring<R, E: Error>(
        _ id: ServableID,
        elsewhere: (R) -> Int = { _ in 0 },
        _ load: () throws(E) -> R
    ) throws(E) -> R {
        let (wasAlone, number) = state.withLock { state in
            state.loads += 1
            state.begun += 1
            return (state.loads == 1, state.begun)
        }
        let before = bytesInUse()
        defer { state.withLock { $0.loads -= 1 } }
        let result = try load()
        if let before, let after = bytesInUse(), wasAlone {
            let growth = max(after - before, 0) + elsewhere(result)
            state.withLock { if $0.begun == number { $0.growth[id] = growth } }
        }
        return result
    }

    func forget(_ id: ServableID) { state.withLock { $0.growth[id] = nil } }

    /// Bytes by version.
    var growth: [ServableID: Int] { state.withLock { $0.growth } }
}
