import ModelSources
import Servables
import ServingConfig
import ServingPrimitives

/// Calls for one model.
extension ModelConfiguration {
    func load(_ name: String, _ settings: ModelSettings) async throws(ServingError) {
        let model = try await model(name, settings)
        withhold(name, false)
        if current.models.contains(model), hasOnlyFailed(name) {
            // Gone and come back: a version that has failed for good is not tried again in the same life.
            try applyControlled(current.models.filter { $0.name != name }, checkingLabelsOf: name)
            await source.caughtUp()
        }
        let wait = listen(for: [name])
        do throws(ServingError) {
            turns[name, default: 0] &+= 1
            try applyControlled(current.models.replacing(model), checkingLabelsOf: name)
        } catch {
            waiting.forget(wait)
            throw error
        }
        // Also when nothing but the turn is new.
        updateSource()
        try await writeBack()
        try await arrival(wait, of: name)
        // Under a memory budget it may have arrived at rest.
        if manager.hasBudget { try await bringIntoMemory(name) }
    }

    func bringIntoMemory(_ name: String, _ action: ModelAction = .load) async throws(ServingError) {
        // A caller that leaves ends neither the load nor this, which ends with the load.
        let result: Result<Void, ServingError> = await withCheckedContinuation { continuation in
            _ = manager.lease(name, .latest, by: .never) { continuation.resume(returning: $0.map { _ in }) }
        }
        do throws(ServingError) {
            try result.get()
        } catch {
            throw ServingError(error.code, "failed to \(action.rawValue) '\(name)': \(error.message)")
        }
    }

    func unload(_ name: String) async throws(ServingError) {
        guard current.models.contains(where: { $0.name == name }) else {
            return try await checkIsKnown(name)
        }
        withhold(name, true)
        try applyControlled(current.models.filter { $0.name != name }, checkingLabelsOf: name)
        try await writeBack()
    }

    func checkIsKnown(_ name: String) async throws(ServingError) {
        if catalogue.knows(name) { return }
        if await isInRepository(name) { return }
        throw .notFound("failed to unload '\(name)': the model is not known")
    }

    func knownModels() async -> [String] {
        var names = Set(catalogue.names)
        if let repository = catalogue.repository {
            let found = await onOwnThread(named: "repository") { try? LocalFileSystem().names(in: repository) }
            names.formUnion((found.flatMap { $0 } ?? []).filter { catalogue.folder(of: $0) != nil })
        }
        return names.sorted()
    }

    func reloadFile() async throws(ServingError) -> Bool {
        guard let file else { return false }
        let reading = await onOwnThread(named: "config") {
            Result { () throws(ServingError) in try file.read { _ in } }
        }
        guard let reading else { throw .unavailable("no thread could be made to read \(file.path)") }
        let requested = try reading.get()
        let before = current.models
        tookOver(requested)
        try await reload(requested)
        return current.models != before
    }

    func model(
        _ name: String,
        _ settings: ModelSettings
    ) async throws(ServingError) -> ServerConfiguration.Model {
        let model = try catalogue.model(name, settings, isInRepository: await isInRepository(name))
        try await checkHasVersions(model)
        return model
    }

    private func isInRepository(_ name: String) async -> Bool {
        guard let folder = catalogue.folder(of: name) else { return false }
        return await onOwnThread(named: "repository") { (try? LocalFileSystem().names(in: folder)) != nil } ?? false
    }

    /// A load of what is not there would wait for ever.
    private func checkHasVersions(_ model: ServerConfiguration.Model) async throws(ServingError) {
        // What is wrong with other paths is said when the model is configured.
        let path: String
        switch BasePath(model.basePath) {
        case .absolute(let folder): path = folder
        case .store(let place): path = place.withoutSlashAtEnd
        case .otherFileSystem, .relative: return
        }
        let names = await onOwnThread(named: "repository") { [fileSystem] in
            Result { () throws(FileSystemError) in
                fileSystem.refresh(path)
                return try fileSystem.names(in: path)
            }
        }
        switch names {
        case .failure(let error): throw .notFound("failed to load '\(model.name)': \(error.message)")
        case .success(let names) where !names.contains { fileSystem.version(named: $0, in: path) != nil }:
            throw .notFound(
                "failed to load '\(model.name)': \(path) has no versions; a version's folder must have a number as its "
                    + "name, like 1"
            )
        case .success, nil: return
        }
    }

    private func hasOnlyFailed(_ name: String) -> Bool {
        let states = manager.status(of: name)
        return !states.isEmpty && states.allSatisfy { $0.state == .end }
    }

    private func arrival(_ wait: ArrivalsWaiting.ID, of name: String) async throws(ServingError) {
        guard let arrivals = await waiting.wait(wait) else {
            throw ServingError(.cancelled, "The caller no longer waits for the model; its load goes on")
        }
        if let error = arrivals.error { throw ServingError(error.code, "failed to load '\(name)': \(error.message)") }
    }
}

extension [ServerConfiguration.Model] {
    /// With `model` in the place of the one of its name, or at the end.
    fileprivate func replacing(_ model: Element) -> Self {
        var models = self
        if let index = models.firstIndex(where: { $0.name == model.name }) {
            models[index] = model
        } else {
            models.append(model)
        }
        return models
    }
}
