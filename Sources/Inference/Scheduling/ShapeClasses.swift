import Batching
import EngineInterface
import Synchronization
import Tensors

/// Numbers the shapes of rows that the runs of one queue have: runs of one class are put together without padding.
///
/// Shapes come from clients, so there is a bound; what lies beyond is in no class and runs by itself.
final class ShapeClasses: Sendable {
    static let maximumCount = 256

    private struct Known: Sendable {
        let shapes: [TensorShape]
        let shape: ShapeClass
    }

    private let known = Mutex<[Known]>([])
    private let mayPad: Bool

    init(mayPad: Bool) { self.mayPad = mayPad }

    /// The class of a run of one signature, all of whose inputs have rows; `nil` when there are too many classes.
    func shapeClass(of run: ModelRun) -> ShapeClass? {
        known.withLock { known in
            if let match = known.first(where: { Self.matches($0.shapes, run) }) { return match.shape }
            guard known.count < Self.maximumCount else { return nil }
            let shapes = run.request.inputs.map(\.shape)
            var elements = 0
            for shape in shapes { elements += max(1, shape.elementCount / max(shape.rowCount, 1)) }
            let group =
                mayPad ? known.first { Self.haveEqualRanks($0.shapes, shapes) }?.shape.paddingGroup ?? known.count : -1
            let shape = ShapeClass(id: known.count, elementsPerRow: elements, paddingGroup: group)
            known.append(Known(shapes: shapes, shape: shape))
            return shape
        }
    }

    private static func matches(_ shapes: [TensorShape], _ run: ModelRun) -> Bool {
        // Of one queue, and so with as many inputs.
        shapes.indices.allSatisfy { shapes[$0].hasRowsLike(run.request.inputs[$0].shape) }
    }

    private static func haveEqualRanks(_ a: [TensorShape], _ b: [TensorShape]) -> Bool {
        a.elementsEqual(b) { $0.rank == $1.rank }
    }
}
