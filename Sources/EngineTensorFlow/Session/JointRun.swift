import CTensorFlow
import EngineInterface
import Synchronization
import Tensors

/// The tensors of several signatures together, each once.
struct JointRunUnion {
    /// What is fed to each of `feeds`.
    private(set) var tensors: [Tensor] = []
    private(set) var feeds: [TF_Output] = []
    private(set) var fetches: [TF_Output] = []

    /// A feed that is there already keeps its tensor.
    mutating func add(_ inputs: [Tensor], to places: [TF_Output]) {
        for (tensor, place) in zip(inputs, places) where !feeds.contains(where: { $0.isSame(as: place) }) {
            tensors.append(tensor)
            feeds.append(place)
        }
    }

    mutating func add(_ outputs: [TF_Output]) {
        for output in outputs where place(of: output) == nil { fetches.append(output) }
    }

    /// Where in `fetches` an output is.
    func place(of output: TF_Output) -> Int? { fetches.firstIndex { $0.isSame(as: output) } }
}

/// Which sets of signatures and outputs have been run together.
final class JointRuns: Sendable {
    /// TensorFlow prepares an executor for each set it is ever asked for, and keeps it.
    static let maximumCount = 32

    private let known = Mutex<Set<[[Int]]>>([])

    /// Whether this set may be run: it is known, or there is room for one more.
    ///
    /// - Parameter parts: for each signature its index, then those of the outputs to fetch; in order.
    func allow(_ parts: [[Int]]) -> Bool {
        known.withLock { known in
            if known.contains(parts) { return true }
            guard known.count < Self.maximumCount else { return false }
            known.insert(parts)
            return true
        }
    }
}

extension TF_Output {
    fileprivate func isSame(as other: TF_Output) -> Bool { oper == other.oper && index == other.index }
}
