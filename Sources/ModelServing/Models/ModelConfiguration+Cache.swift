import Servables
import ServingConfig
import ServingPrimitives

/// Calls for one model under a memory budget, and what calls would do.
extension ModelConfiguration {
    func pin(_ name: String, _ isPinned: Bool) async throws(ServingError) {
        try checkIsServed(name, isPinned ? .pin : .unpin)
        manager.pin(name, isPinned)
        if isPinned { try await bringIntoMemory(name, .pin) }
    }

    func prefetch(_ name: String) async throws(ServingError) {
        try checkIsServed(name, .prefetch)
        manager.prefetch(name)
    }

    func plan(
        _ action: ModelAction,
        _ name: String,
        _ settings: ModelSettings
    ) async throws(ServingError) -> ModelActionPlan {
        switch action {
        case .load:
            let model = try await model(name, settings)
            guard manager.hasBudget, current.models.contains(model) else {
                return ModelActionPlan(loads: current.models.contains(model) && isInMemory(name) ? [] : [name])
            }
            return try await cachePlan(name, .demand)
        case .unload:
            guard current.models.contains(where: { $0.name == name }) else {
                try await checkIsKnown(name)
                return ModelActionPlan()
            }
            return ModelActionPlan(evictions: versionsInMemory(name))
        case .pin:
            try checkIsServed(name, action)
            return try await cachePlan(name, .pin)
        case .prefetch:
            try checkIsServed(name, action)
            return try await cachePlan(name, .prefetch)
        case .unpin:
            try checkIsServed(name, action)
            return ModelActionPlan()
        }
    }

    private func checkIsServed(_ name: String, _ action: ModelAction) throws(ServingError) {
        guard manager.hasBudget else { throw Self.noBudget }
        guard current.models.contains(where: { $0.name == name }) else {
            throw .notFound("failed to \(action.rawValue) '\(name)': the model is not served")
        }
    }

    private func cachePlan(_ name: String, _ reason: LoadReason) async throws(ServingError) -> ModelActionPlan {
        // It may have to look at files.
        let preview = await onOwnThread(named: "cache-plan") { [manager] in manager.cachePlan(for: name, reason) }
        guard let preview = preview ?? nil else { throw .unavailable("no thread could be made to look at \(name)") }
        if let error = preview.error { throw error }
        func texts(_ ids: [ServableID]) -> [String] { ids.map { "\($0.name)/\($0.version)" } }
        return ModelActionPlan(loads: texts(preview.loads), evictions: texts(preview.evictions))
    }

    private func isInMemory(_ name: String) -> Bool { manager.status(of: name).contains { $0.state == .available } }

    private func versionsInMemory(_ name: String) -> [String] {
        manager.status(of: name).filter { $0.state == .available }.map { "\(name)/\($0.version)" }
    }
}
