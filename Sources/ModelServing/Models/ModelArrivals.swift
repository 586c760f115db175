import Servables
import ServingPrimitives

/// Whether the first version of each of some models, and some versions of others, answer requests by now, or have failed. A
/// plain value, fed with the states that versions reach.
struct ModelArrivals: Hashable {
    private struct Failure: Hashable {
        var id: String
        var error: ServingError?
    }

    /// Models of which any version counts.
    private var missing: Set<String>
    private var missingVersions: Set<ServableID>
    /// Versions that began to be loaded since: the end of an earlier life of one says nothing.
    private var begun: Set<ServableID> = []
    private var failures: [String: Failure] = [:]

    init(of models: some Sequence<String>, versions: Set<ServableID> = []) {
        missing = Set(models)
        missingVersions = versions.filter { [missing] in !missing.contains($0.name) }
    }

    /// Nothing is left to wait for.
    var isComplete: Bool { missing.isEmpty && missingVersions.isEmpty }

    mutating func record(_ id: ServableID, _ status: VersionStatus) {
        guard missing.contains(id.name) || missingVersions.contains(id) else { return }
        switch status.state {
        // A model at rest is there: requests load it.
        case .start where status.isAtRest: settle(id)
        case .start, .loading: begun.insert(id)
        case .available: settle(id)
        case .unloading: return
        case .end where begun.contains(id):
            failures[id.name] = Failure(id: "\(id)", error: status.error)
            settle(id)
        case .end: return
        }
    }

    private mutating func settle(_ id: ServableID) {
        missing.remove(id.name)
        missingVersions.remove(id)
    }

    /// A later configuration has none of these models.
    mutating func giveUp(_ models: Set<String>) {
        for model in missing.union(missingVersions.map(\.name)).intersection(models) {
            failures[model] = Failure(
                id: "{name: \(model)}",
                error: ServingError(.aborted, "a later configuration removed the model")
            )
        }
        missing.subtract(models)
        missingVersions = missingVersions.filter { !models.contains($0.name) }
    }

    /// A later configuration asks for none of the versions that `isAskedFor` denies: nobody will load them.
    mutating func giveUpVersions(_ isAskedFor: (ServableID) -> Bool) {
        for id in missingVersions where !isAskedFor(id) {
            failures[id.name] = Failure(
                id: "\(id)",
                error: ServingError(.aborted, "a later configuration does not ask for the version")
            )
            missingVersions.remove(id)
        }
    }

    /// Which models have failed, in the words of TensorFlow Serving; `nil` when none has.
    var error: ServingError? {
        guard !failures.isEmpty else { return nil }
        let texts = failures.sorted { $0.key < $1.key }.map { _, failure in
            "{\(failure.id)\(failure.error.map { " due to error: \($0)" } ?? "")}, "
        }
        return ServingError(
            .unknown,
            "\(failures.count) model(s) did not become available: {\(texts.joined())}"
        )
    }
}
