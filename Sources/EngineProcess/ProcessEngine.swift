public import EngineInterface
public import ServingPrimitives

/// Loads each model with an engine in a process of its own: what crashes there takes nothing else down, and is started
/// again; what it held goes back to the system with the process.
public struct ProcessEngine: InferenceEngine {
    /// Takes what happens to a loaded model's process: why it does not answer, or `nil` when it does again.
    public typealias Observer = @Sendable (ServingError?) -> Void
    /// Runs an action once, so many nanoseconds from now.
    public typealias Timer = @Sendable (_ nanoseconds: UInt64, _ action: @escaping @Sendable () -> Void) -> Void

    public let name: String
    let model: String
    let settings: [UInt8]
    let channels: Int
    let timer: Timer
    let observer: Observer

    /// - Parameters:
    ///   - name: the engine's.
    ///   - model: what error texts, logs and `ps` call the process: a model and its version.
    ///   - settings: passed on to `EngineWorker.run` in the process, which makes the engine of them.
    ///   - channels: as many runs at most go on in one process at the same time.
    public init(
        name: String,
        model: String,
        settings: [UInt8],
        channels: Int,
        timer: Timer? = nil,
        observer: @escaping Observer
    ) {
        self.name = name
        self.model = model
        self.settings = settings
        self.channels = max(channels, 1)
        self.timer = timer ?? TimerThread.shared.schedule(afterNanoseconds:_:)
        self.observer = observer
    }

    /// Starts the process and loads the model in it.
    ///
    /// - Throws: what the engine there says; `UNAVAILABLE` when the process crashed; `RESOURCE_EXHAUSTED` when the system
    ///   refuses one.
    public func load(_ request: LoadRequest) throws(ServingError) -> any LoadedModel {
        try ProcessModel(engine: self, request: request)
    }
}
