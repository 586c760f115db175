import ServingPrimitives
import Synchronization

/// Which version answers which request: the part of the manager that every request passes.
///
/// A request holds the lock only to take a reference to an immutable snapshot, about 10 ns, whatever is being loaded
/// or changed; changes build a new snapshot and swap it in. A snapshot keeps the leases in it alive, so a lookup in one
/// that has just been replaced still gets a version that is loaded.
final class RoutingTable: Sendable {
    private struct Model {
        /// Available versions, lowest first.
        var versions: [ServableLease] = []
        var labels: [String: Int64] = [:]

        func version(_ number: Int64) -> ServableLease? { versions.last { $0.id.version == number } }
    }

    private final class Snapshot: Sendable {
        let models: [String: Model]
        init(_ models: [String: Model]) { self.models = models }
    }

    private let current = Mutex(Snapshot([:]))
    private let changing = Mutex(())

    func lease(_ name: String, _ choice: VersionChoice) throws(ServingError) -> ServableLease {
        let model = current.withLock { $0 }.models[name]
        switch choice {
        case .latest:
            if let lease = model?.versions.last { return lease }
            throw .notFound("Servable not found for request: Latest(\(name))")
        case .specific(let number):
            return try Self.specific(number, of: model, name)
        case .label(let label):
            guard let number = model?.labels[label] else {
                throw .invalidArgument("Unrecognized servable version label: \(label)")
            }
            return try Self.specific(number, of: model, name)
        }
    }

    private static func specific(
        _ number: Int64,
        of model: Model?,
        _ name: String
    ) throws(ServingError) -> ServableLease {
        if let lease = model?.version(number) { return lease }
        throw .notFound("Servable not found for request: Specific(\(name), \(number))")
    }

    /// Lets requests reach the version.
    func publish(_ lease: ServableLease) {
        change(lease.id.name) { model in
            let position = model.versions.firstIndex { $0.id.version > lease.id.version } ?? model.versions.endIndex
            model.versions.insert(lease, at: position)
        }
    }

    /// Lets no new request reach the version, and gives up the table's own hold on it.
    func withdraw(_ id: ServableID) {
        change(id.name) { model in model.versions.removeAll { $0.id == id } }
    }

    /// Replaces the labels of a model.
    ///
    /// - Throws: `FAILED_PRECONDITION` when a label names a version that requests cannot reach.
    func setLabels(_ labels: [String: Int64], of name: String) throws(ServingError) {
        try change(name) { (model) throws(ServingError) in
            for (_, number) in labels.sorted(by: { $0.key < $1.key }) where model.version(number) == nil {
                throw .failedPrecondition(
                    "Request to assign label to version \(number) of model \(name), "
                        + "which is not currently available for inference"
                )
            }
            model.labels = labels
        }
    }

    private func change<E: Error>(_ name: String, _ body: (inout Model) throws(E) -> Void) throws(E) {
        // The replaced snapshot is let go of after both locks: that may end the last lease on a version.
        let replaced = try changing.withLock { (_) throws(E) -> Snapshot in
            let old = current.withLock { $0 }
            var models = old.models
            try body(&models[name, default: Model()])
            let new = Snapshot(models)
            current.withLock { $0 = new }
            return old
        }
        withExtendedLifetime(replaced) {}
    }
}
