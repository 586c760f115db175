import Servables
import ServingConfig
import ServingPrimitives

/// From one configuration of the models to the next, decided before anything is done. A plain value: the tables of its
/// tests are the rules.
struct ModelTransition: Hashable {
    /// Version numbers by label, by model.
    typealias Labels = [String: [String: Int64]]

    /// What the server has been told so far, and what came of it.
    struct Current: Hashable {
        /// The configuration last accepted. It may differ from `models`: one whose labels are refused counts as accepted.
        var remembered = RequestedModels.unset
        /// Those that are served.
        var models: [ServerConfiguration.Model] = []
        var labels: Labels = [:]
        /// Where labels lead until the version they have been moved to is there.
        var labelsBefore: Labels = [:]
        /// Labels of the configuration the server was started with: valid before their versions are there.
        var initialLabels: Labels = [:]
    }

    /// The rules that are not the same for every server.
    struct Rules {
        /// `--allow_version_labels_for_unavailable_models`
        var allowsLabelsForUnavailableVersions = false
        /// The labels of all other models stay, and stay as good as they are; `nil` checks those of all models.
        var checksLabelsOnlyOf: String?
        /// The server starts: no version can be available yet.
        var isStart = false
    }

    /// What holds afterwards.
    var next: Current
    /// Models that were not served before, in the order of the configuration.
    var added: [String] = []
    /// Versions that labels have been moved to, and which are not there yet.
    var awaited: Set<ServableID> = []
    /// What the one who asked is told when everything else went well.
    var error: ServingError?

    /// - Parameter state: of a version now; `nil` for one that was never seen.
    /// - Throws: why `requested` is refused as it is; nothing changes then.
    init(
        from current: Current,
        to requested: RequestedModels,
        rules: Rules,
        state: (ServableID) -> ServableState?
    ) throws(ServingError) {
        next = current
        if try Self.isNothing(requested, after: current.remembered) { return }
        if let error = ServingError.listing(
            ServerConfiguration.Model.problems(of: requested.models, replacing: current.remembered.models)
        ) {
            throw error
        }
        next.remembered = requested
        if let error = ServingError.listing(Self.labelProblems(requested.models, current, rules, state)) {
            self.error = error
            return
        }
        let known = Set(current.models.map(\.name))
        next.models = requested.models
        next.labels = Self.labels(of: requested.models)
        next.labelsBefore = [:]
        for move in Self.moves(requested.models, current, state) {
            next.labelsBefore[move.to.name, default: [:]][move.label] = move.from
            awaited.insert(move.to)
        }
        if rules.isStart { next.initialLabels = next.labels }
        added = requested.models.map(\.name).filter { !known.contains($0) }
    }

    /// Whether `requested` asks for nothing and may.
    private static func isNothing(
        _ requested: RequestedModels,
        after remembered: RequestedModels
    ) throws(ServingError) -> Bool {
        switch (remembered, requested) {
        case (.unset, .unset): return true
        case (.unset, .list), (.list, .list): return false
        case (.unset, .custom): throw .customModels
        case (.list, .unset), (.list, .custom), (.custom, _):
            throw .failedPrecondition(
                "Cannot transition to requested config. It is only legal to transition from one ModelConfigList to "
                    + "another."
            )
        }
    }

    private static func labels(of models: [ServerConfiguration.Model]) -> Labels {
        var labels: Labels = [:]
        for model in models where !model.versionLabels.isEmpty { labels[model.name] = model.versionLabels }
        return labels
    }

    /// A label that leads to a version which serves, and is to lead to another one that is not there yet.
    private struct Move {
        var label: String
        var from: Int64
        var to: ServableID
    }

    /// Labels that move with this configuration, as it asks for their new versions by number. TensorFlow Serving refuses
    /// that: there a first configuration has to bring the version, and a second one the label.
    private static func moves(
        _ models: [ServerConfiguration.Model],
        _ current: Current,
        _ state: (ServableID) -> ServableState?
    ) -> [Move] {
        var moves: [Move] = []
        for model in models {
            guard case .specific(let versions) = model.versionPolicy else { continue }
            for (label, version) in model.versionLabels where versions.contains(version) {
                let id = ServableID(name: model.name, version: version)
                guard state(id).mayCome(isNew: !current.asks(for: id)) else { continue }
                let before = [current.labels[model.name]?[label], current.labelsBefore[model.name]?[label]]
                let from = before.compactMap { $0 }.first {
                    state(ServableID(name: model.name, version: $0)) == .available
                }
                if let from { moves.append(Move(label: label, from: from, to: id)) }
            }
        }
        return moves
    }

    private static func labelProblems(
        _ models: [ServerConfiguration.Model],
        _ current: Current,
        _ rules: Rules,
        _ state: (ServableID) -> ServableState?
    ) -> [ServingError] {
        if rules.isStart { return [] }
        let moves = moves(models, current, state)
        var problems: [ServingError] = []
        for model in models where rules.checksLabelsOnlyOf.map({ $0 == model.name }) ?? true {
            for (label, version) in model.versionLabels.sorted(by: { $0.key < $1.key }) {
                let id = ServableID(name: model.name, version: version)
                if moves.contains(where: { $0.to == id && $0.label == label }) { continue }
                let state = state(id)
                let before = current.labels[model.name]?[label]
                let mayWait = rules.allowsLabelsForUnavailableVersions && (before == nil || before == version)
                let isAwaited =
                    current.initialLabels[model.name]?[label] == version && before == version && state.isToCome
                if state == .available || mayWait || isAwaited { continue }
                problems.append(
                    .failedPrecondition(
                        "Request to assign label to version \(version) of model \(model.name), "
                            + "which is not currently available for inference"
                    )
                )
            }
        }
        return problems
    }
}

extension ModelTransition.Current {
    /// Whether the models that are served name the version.
    func asks(for id: ServableID) -> Bool {
        guard case .specific(let versions) = models.first(where: { $0.name == id.name })?.versionPolicy else {
            return false
        }
        return versions.contains(id.version)
    }
}

extension ServableState? {
    /// On its way, or not tried since it was asked for.
    fileprivate func mayCome(isNew: Bool) -> Bool {
        switch self {
        case nil, .start, .loading: true
        case .available: false
        case .unloading, .end: isNew
        }
    }

    /// Not tried to the end yet.
    fileprivate var isToCome: Bool {
        switch self {
        case nil, .start, .loading: true
        case .available, .unloading, .end: false
        }
    }
}
