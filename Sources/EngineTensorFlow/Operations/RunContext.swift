import CTensorFlow
import EngineInterface
import ServingPrimitives
import Synchronization

/// One run of a graph with operations of ours: what these know of the request, and what they leave for each other.
///
/// Such a graph runs in the thread that asks for it, and goes on in the thread that answers what it waited for. Both
/// say whose run that is, so its operations find it without being told.
final class RunContext: Sendable {
    let deadline: Deadline
    let host: OperationHost
    private let tensors = Mutex<[UInt64: SharedTensor]>([:])
    private let tensorCount = Atomic<UInt64>(0)
    private let refusal = Mutex<ServingError?>(nil)

    init(deadline: Deadline = .never, host: OperationHost) {
        self.deadline = deadline
        self.host = host
    }

    /// The run that the calling thread is in.
    static var current: RunContext? {
        ctf_thread_run().map { Unmanaged<RunContext>.fromOpaque($0).takeUnretainedValue() }
    }

    /// Has the calling thread be in this run while `body` runs.
    func whileCurrent<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
        let before = ctf_thread_run()
        ctf_set_thread_run(Unmanaged.passUnretained(self).toOpaque())
        defer {
            ctf_set_thread_run(before)
            withExtendedLifetime(self) {}
        }
        return try body()
    }

    // MARK: Errors

    /// Keeps what TensorFlow is about to lose of an error: it takes UNAVAILABLE for one of its own network and gives that
    /// another code, and knows of no time to try again.
    func note(_ error: ServingError) {
        guard error.code == .unavailable || error.retryAfterNanoseconds != nil else { return }
        refusal.withLock { if $0 == nil { $0 = error } }
    }

    /// What made a run fail that TensorFlow says failed with `error`.
    func cause(of error: ServingError) -> ServingError {
        guard let refusal = refusal.withLock({ $0 }) else { return error }
        if error.code == .internal, refusal.code == .unavailable { return refusal }
        guard error.code == refusal.code else { return error }
        return ServingError(error.code, error.message, retryAfterNanoseconds: refusal.retryAfterNanoseconds)
    }

    // MARK: Tensors that several operations fill

    /// Keeps a tensor for the operations that are given its number, for as long as the run lasts at most.
    func add(_ tensor: SharedTensor) -> UInt64 {
        let number = tensorCount.add(1, ordering: .relaxed).newValue
        tensors.withLock { $0[number] = tensor }
        return number
    }

    func tensor(_ number: UInt64) -> SharedTensor? { tensors.withLock { $0[number] } }

    /// The tensor, which nobody finds any more from now on.
    func take(_ number: UInt64) -> SharedTensor? { tensors.withLock { $0.removeValue(forKey: number) } }
}

/// What a model has for operations of ours in its graph.
struct OperationHost: Sendable {
    /// `nil` where nobody can be asked.
    var predictor: (any RemotePredicting)?
    /// `nil` where nobody has tables.
    var tables: GraphTables?
}
