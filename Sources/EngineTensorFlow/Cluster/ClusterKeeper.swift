import EngineInterface
import ServingPrimitives

/// What the thread of a `ClusterModel` does for as long as the model is loaded.
struct ClusterKeeper: Sendable {
    /// Nanoseconds between two looks at a cluster that seems well.
    static let interval: UInt64 = 1_000_000_000
    /// One connection that fails may be chance.
    static let failedLooks = 2

    let link: ClusterModel.Link
    let state: ClusterState
    /// What the model was loaded with: a session with others would answer other requests.
    let signatures: [Signature]

    func run() {
        var failures = 0
        var told: ServingError?
        while true {
            switch state.next(interval: failures == 0 ? Self.interval : Self.interval / 10) {
            case .look:
                failures = link.isReachable() ? 0 : failures + 1
                guard failures >= Self.failedLooks, case .up(let session) = state.phase else { continue }
                state.lose(session, ClusterModel.lost(link, "nobody answers there"))
            case .mourn(let reason):
                failures = 0
                told = reason
                link.observer(reason)
            case .open:
                let error = open()
                guard error != told else { continue }
                told = error
                link.observer(error)
            case .end: return
            }
        }
    }

    /// - Returns: why there is none; `nil` when there is.
    private func open() -> ServingError? {
        do throws(ServingError) {
            let session = ClusterSession(try ClusterModel.open(link))
            guard session.model.signatures.elementsEqual(signatures, by: { $0.describesTheSame(as: $1) }) else {
                throw .failedPrecondition(
                    "The files of \(link.model) have changed: its signatures are not those it was loaded with"
                )
            }
            // One that is not wanted any more ends here.
            _ = state.use(session)
            return nil
        } catch {
            let error = ServingError.unavailable(
                "The session of \(link.model) on \(link.target) was lost and cannot be made again yet: "
                    + ClusterModel.oneLine(error.message)
            )
            state.fail(error)
            return error
        }
    }
}

extension Signature {
    /// Whether clients can tell no difference.
    fileprivate func describesTheSame(as other: Signature) -> Bool {
        name == other.name && methodName == other.methodName
            && inputs.elementsEqual(other.inputs) { $0.describesTheSame(as: $1) }
            && outputs.elementsEqual(other.outputs) { $0.describesTheSame(as: $1) }
    }
}

extension Signature.Parameter {
    fileprivate func describesTheSame(as other: Signature.Parameter) -> Bool {
        name == other.name && elementType == other.elementType && shape == other.shape && tensorName == other.tensorName
    }
}
