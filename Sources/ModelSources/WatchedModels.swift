/// Which models are looked after and what is known of each, as a plain value.
struct WatchedModels {
    /// One model from when it is named until it is named no more, or with another base path or policy.
    struct Watch {
        /// Tells it from an earlier watch of the same model, whose last look may come late.
        let id: UInt64
        var monitor: BasePathMonitor
    }

    /// What is to be done after the models have changed.
    struct Change {
        /// Models that nobody wants any more, sorted.
        var removed: [String] = []
        /// Watches to begin with a look at once.
        var begun: [Watch] = []
        /// Base paths that no model has any more, sorted.
        var abandoned: [String] = []
    }

    private let makeMonitor: (MonitoredModel) -> BasePathMonitor
    private var watches: [String: Watch] = [:]
    private var namesByID: [UInt64: String] = [:]
    private var lastID: UInt64 = 0

    /// - Parameter makeMonitor: for a base path of which nothing is known yet.
    init(makeMonitor: @escaping (MonitoredModel) -> BasePathMonitor) { self.makeMonitor = makeMonitor }

    /// - Parameter models: of different names.
    mutating func set(_ models: [MonitoredModel]) -> Change {
        let names = Set(models.map(\.name))
        let basePaths = Set(watches.values.map(\.monitor.model.basePath))
        var change = Change()
        change.abandoned = basePaths.subtracting(models.map(\.basePath)).sorted()
        change.removed = watches.keys.filter { !names.contains($0) }.sorted()
        for name in change.removed { end(name) }
        for model in models {
            let old = watches[model.name]
            guard old?.monitor.model != model else { continue }
            end(model.name)
            lastID += 1
            let watch = Watch(id: lastID, monitor: monitor(of: model, after: old?.monitor))
            watches[model.name] = watch
            namesByID[watch.id] = model.name
            change.begun.append(watch)
        }
        return change
    }

    /// `nil` when it is over.
    func watch(_ id: UInt64) -> Watch? { namesByID[id].flatMap { watches[$0] } }

    private mutating func end(_ name: String) {
        if let watch = watches.removeValue(forKey: name) { namesByID[watch.id] = nil }
    }

    /// Takes over what a look has found out; `false` when the watch it belongs to is over.
    mutating func update(_ id: UInt64, _ monitor: BasePathMonitor) -> Bool {
        guard watches[monitor.model.name]?.id == id else { return false }
        watches[monitor.model.name]?.monitor = monitor
        return true
    }

    /// Under another policy, what is known of the base path's versions is still true.
    private func monitor(of model: MonitoredModel, after old: BasePathMonitor?) -> BasePathMonitor {
        guard var monitor = old, monitor.model.basePath == model.basePath else {
            return makeMonitor(model)
        }
        monitor.renew(model)
        return monitor
    }
}
