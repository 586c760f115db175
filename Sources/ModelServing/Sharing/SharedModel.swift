import EngineInterface
import ServingPrimitives
import Synchronization
import Tensors

/// A version's hold on a copy in memory that may serve others, too. The last one that is closed ends the copy.
final class SharedModel: LoadedModel {
    let signatures: [Signature]
    let sharedCopy: SharedCopy?
    private let model: any LoadedModel
    private let release: @Sendable () -> Void
    private let isClosed = Atomic<Bool>(false)

    /// - Parameter release: gives the hold back; called once.
    init(_ model: any LoadedModel, _ copy: SharedCopy, release: @escaping @Sendable () -> Void) {
        signatures = model.signatures
        self.model = model
        sharedCopy = copy
        self.release = release
    }

    func run(_ request: RunRequest) throws(ServingError) -> [Tensor] { try model.run(request) }

    func runJointly(_ parts: [RunRequest]) throws(ServingError) -> [Tensor] { try model.runJointly(parts) }

    /// Counted with the one that was loaded first.
    var externalBytes: Int { sharedCopy?.wasThere ?? false ? 0 : model.externalBytes }

    var preparedBytes: Int? { sharedCopy?.wasThere ?? false ? nil : model.preparedBytes }

    func close() {
        if !isClosed.exchange(true, ordering: .acquiringAndReleasing) { release() }
    }

    deinit { close() }
}
