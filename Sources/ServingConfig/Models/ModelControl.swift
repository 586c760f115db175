public import ServingPrimitives

/// Changes which models are served while the server runs: what a frontend hands such a request to.
///
/// There is one desired set of models. The start, the configuration file, `reload` and the calls for one model all change
/// it, one after the other; what was asked for last holds.
public protocol ModelControl: Sendable {
    /// Replaces the set of served models, and waits until each model that is new has a version which answers requests
    /// or has failed. What was asked for is carried out also when the waiting task is cancelled.
    ///
    /// - Parameters:
    ///   - requested: must be a list.
    ///   - metrics: names of counters whose increase the caller wants to know.
    /// - Returns: by how much the first cell of each of `metrics` grew; 0 for one that does not exist.
    /// - Throws: what is wrong with the request, and nothing has changed then, except that one whose labels are refused
    ///   counts as the current one; `UNKNOWN` when a new model has failed; `CANCELLED` when the task was cancelled.
    func reload(
        _ requested: RequestedModels,
        metrics: [String]
    ) async throws(ServingError) -> [(name: String, increase: Int64)]

    /// Serves one model more, or one with other settings; the others stay. Returns when it has a version that answers. A
    /// model that is served already is looked at again; one that has failed is tried again.
    ///
    /// - Throws: `NOT_FOUND` for a model that no source has named and that has no base path in `settings`, or whose base
    ///   path is not there; `INVALID_ARGUMENT` for wrong settings; `UNKNOWN` when the model failed; `CANCELLED` when the
    ///   task was cancelled, and the load goes on.
    func load(_ name: String, _ settings: ModelSettings) async throws(ServingError)

    /// Stops to serve one model; the others stay. Does not wait for its last answers. It can be loaded again by its name.
    ///
    /// - Throws: `NOT_FOUND` for a model that no source has named.
    func unload(_ name: String) async throws(ServingError)

    /// Under a memory budget: keeps a model in memory from now on, and loads it where it rests, or keeps it no longer.
    ///
    /// - Throws: `NOT_FOUND` for a model that is not served; `FAILED_PRECONDITION` without a budget; why it cannot be loaded.
    func pin(_ name: String, _ isPinned: Bool) async throws(ServingError)

    /// Under a memory budget: loads a model when there is room that nobody uses. Waits for nothing.
    ///
    /// - Throws: as `pin`.
    func prefetch(_ name: String) async throws(ServingError)

    /// What an action would do now. Changes nothing.
    ///
    /// - Throws: why the action would be refused.
    func plan(
        _ action: ModelAction,
        _ name: String,
        _ settings: ModelSettings
    ) async throws(ServingError) -> ModelActionPlan

    /// Puts models on devices as the planner would now, by what is known and measured, or only says how. Waits for no load.
    ///
    /// - Throws: `FAILED_PRECONDITION` where models are put on no devices.
    func arrange(_ request: PlacementRequest) async throws(ServingError) -> PlacementAnswer

    /// Every model that `load` can find by its name alone, sorted: those that are served, that once were, and those of the
    /// repository folder.
    func knownModels() async -> [String]

    /// Reads the configuration file and applies it, and waits as `reload` does.
    ///
    /// - Returns: whether it asked for something else than was served; `false` for a server without such a file.
    /// - Throws: what is wrong with the file, or as `reload`.
    func reloadFile() async throws(ServingError) -> Bool
}

/// What a call asks to be done with one model.
public enum ModelAction: String, Sendable, Hashable {
    case load
    case unload
    /// Under a memory budget: loads the model, and keeps it in memory.
    case pin
    case unpin
    /// Under a memory budget: loads the model where there is room for it, and waits for nothing.
    case prefetch
}

/// What an action would do.
public struct ModelActionPlan: Sendable, Hashable {
    /// Versions that would be loaded, and evicted for them, as `NAME/VERSION`.
    public var loads: [String]
    public var evictions: [String]

    public init(loads: [String] = [], evictions: [String] = []) {
        self.loads = loads
        self.evictions = evictions
    }
}

/// What a call asks of the plan that puts models on devices.
public struct PlacementRequest: Sendable, Hashable {
    /// Only says what would be done.
    public var isDryRun: Bool
    /// As if nothing had a place: models move to where that is more even.
    public var isAnew: Bool

    public init(isDryRun: Bool = false, isAnew: Bool = false) {
        self.isDryRun = isDryRun
        self.isAnew = isAnew
    }
}

/// The plan, for programs and for people.
public struct PlacementAnswer: Sendable, Hashable {
    public var json: String
    public var text: String

    public init(json: String, text: String) {
        self.json = json
        self.text = text
    }
}

extension ModelControl {
    public func arrange(_ request: PlacementRequest) async throws(ServingError) -> PlacementAnswer {
        throw Self.noDevices
    }

    public static var noDevices: ServingError {
        .failedPrecondition(
            "This server leaves models where their graphs say; --placement and --device put them on devices"
        )
    }

    public func pin(_ name: String, _ isPinned: Bool) async throws(ServingError) { throw Self.noBudget }

    public func prefetch(_ name: String) async throws(ServingError) { throw Self.noBudget }

    public func plan(
        _ action: ModelAction,
        _ name: String,
        _ settings: ModelSettings
    ) async throws(ServingError) -> ModelActionPlan { throw Self.noBudget }

    /// Carries out an action, or only says what it would do. To ask for what is so already changes nothing.
    ///
    /// - Returns: what it would do; `nil` when it was done.
    public func carryOut(
        _ action: ModelAction,
        _ name: String,
        _ settings: ModelSettings,
        isDryRun: Bool
    ) async throws(ServingError) -> ModelActionPlan? {
        if isDryRun { return try await plan(action, name, settings) }
        switch action {
        case .load: try await load(name, settings)
        case .unload: try await unload(name)
        case .pin, .unpin: try await pin(name, action == .pin)
        case .prefetch: try await prefetch(name)
        }
        return nil
    }

    public static var noBudget: ServingError {
        .failedPrecondition(
            "This server has no memory budget for models, so all of them are in memory; --total_model_memory_limit_bytes "
                + "sets one"
        )
    }
}

/// What a call says of a model that is to be loaded; what it does not say stays as it is known.
public struct ModelSettings: Sendable, Hashable {
    public var basePath: String?
    public var platform: ModelPlatform?
    public var versionPolicy: ServerConfiguration.VersionPolicy?
    public var versionLabels: [String: Int64]?

    public init(
        basePath: String? = nil,
        platform: ModelPlatform? = nil,
        versionPolicy: ServerConfiguration.VersionPolicy? = nil,
        versionLabels: [String: Int64]? = nil
    ) {
        self.basePath = basePath
        self.platform = platform
        self.versionPolicy = versionPolicy
        self.versionLabels = versionLabels
    }

    /// Changes `model` to what is said here.
    public func apply(to model: inout ServerConfiguration.Model) {
        model.basePath = basePath ?? model.basePath
        model.platform = platform ?? model.platform
        model.versionPolicy = versionPolicy ?? model.versionPolicy
        model.versionLabels = versionLabels ?? model.versionLabels
    }
}
