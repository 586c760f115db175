import EngineInterface
import Synchronization
import Tensors

/// Whether a model that nobody asked to batch gives the same answers in batches as alone.
///
/// TensorFlow Serving batches only where it is told to, since a graph may mix rows (a mean over the batch, a model that
/// is in training mode). Here batching is the default, so the first batches of each queue are checked: their requests
/// are run alone as well, and answered from these runs. One difference beyond rounding, and the queue runs each
/// request by itself from then on.
public final class BatchVerification: Sendable {
    public enum Verdict: Sendable, Hashable {
        /// So many batches were right so far.
        case open(Int)
        case independent
        /// Why requests are not put together.
        case dependent(String)
    }

    /// Batches that must be right.
    static let batchCount = 3
    /// Requests of a batch that are checked, at most.
    static let requestCount = 4

    private let state: Mutex<Verdict>

    init(_ verdict: Verdict = .open(0)) { state = Mutex(verdict) }

    var verdict: Verdict { state.withLock { $0 } }

    /// Whether batches still have to be checked.
    var isOpen: Bool { if case .open = verdict { true } else { false } }

    /// A batch gave the same as its requests alone.
    func agreed() {
        state.withLock { verdict in
            guard case .open(let count) = verdict else { return }
            verdict = count + 1 >= Self.batchCount ? .independent : .open(count + 1)
        }
    }

    /// A batch gave something else.
    func disagreed(_ reason: String) {
        state.withLock { verdict in if case .open = verdict { verdict = .dependent(reason) } }
    }
}

extension BatchVerification {
    /// How far two runs of the same rows may differ, relative to the largest value of the tensor: sums are added up in
    /// another order when there are more rows, which costs some of the last bits.
    private static func tolerance(_ type: ElementType) -> Double {
        switch type {
        case .float64: 1e-9
        case .float32: 1e-3
        default: 3e-2
        }
    }

    /// What is different about the two results; `nil` when they agree.
    static func difference(_ batched: Tensor, _ alone: Tensor) -> String? {
        guard batched.elementType == alone.elementType, batched.shape == alone.shape else {
            return
                "\(batched.elementType.name) \(batched.shape) in a batch, \(alone.elementType.name) \(alone.shape) alone"
        }
        switch batched.elementType {
        case .float32: return difference(batched.scalars(as: Float.self), alone.scalars(as: Float.self), .float32)
        case .float64: return difference(batched.scalars(as: Double.self), alone.scalars(as: Double.self), .float64)
        case .float16: return difference(batched.scalars(as: Float16.self), alone.scalars(as: Float16.self), .float16)
        case .bfloat16:
            return difference(batched.brainFloats, alone.brainFloats, .bfloat16)
        case .string:
            return batched.stringValues() == alone.stringValues() ? nil : "other strings in a batch than alone"
        default:
            let equal = batched.withUnsafeBytes { a in alone.withUnsafeBytes { b in a.elementsEqual(b) } }
            return equal ? nil : "other values in a batch than alone"
        }
    }

    private static func difference<Value: BinaryFloatingPoint>(
        _ batched: [Value],
        _ alone: [Value],
        _ type: ElementType
    ) -> String? {
        var scale = 0.0
        for value in alone where value.isFinite { scale = max(scale, abs(Double(value))) }
        let limit = tolerance(type) * scale
        for (a, b) in zip(batched, alone) where !(a == b || (a.isNaN && b.isNaN)) {
            guard abs(Double(a) - Double(b)) <= limit else { return "\(a) in a batch, \(b) alone" }
        }
        return nil
    }
}

extension Tensor {
    fileprivate var brainFloats: [Float] { scalars(as: UInt16.self).map { Float(bitPattern: UInt32($0) << 16) } }
}
