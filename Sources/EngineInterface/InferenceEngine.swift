public import ServingPrimitives
public import Tensors

/// Something that can load models of some kind and run them.
public protocol InferenceEngine: Sendable {
    /// `tensorflow`; what a model configuration's `model_platform` names.
    var name: String { get }

    /// Loads the model in `request.path`. Blocks; called on a load thread.
    ///
    /// - Throws: the engine's own reason, code and text kept.
    func load(_ request: LoadRequest) throws(ServingError) -> any LoadedModel

    /// Whether one loaded copy of the model can serve several names at once without any of them noticing: no run leaves
    /// anything behind for the next, and none needs the folder. Reads the model's files: blocks.
    func canShare(_ request: LoadRequest) -> Bool
}

extension InferenceEngine {
    public func canShare(_ request: LoadRequest) -> Bool { false }
}

/// What to load.
public struct LoadRequest: Sendable {
    /// The version's folder.
    public var path: String
    /// Which graph of the file, for formats that hold several (`--saved_model_tags`).
    public var tags: [String]
    /// Where all of the model is to be and to run; `nil` leaves it to the model's graph and the engine.
    public var device: DeviceName?
    /// Whether the engine is to find out what the first run leaves in memory, which takes milliseconds in a process that has
    /// loaded many models.
    public var measuresFirstRun = true
    /// Answers what the model asks of others while it runs; `nil` where it can ask nobody. It does not follow the model
    /// into another process.
    public var remotePredictor: (any RemotePredicting)?
    /// Has the embedding tables that the model's graph makes; `nil` where it can make none. Another process has its own.
    public var tableKeeper: (any EmbeddingTableKeeping)?

    public init(
        path: String,
        tags: [String] = ["serve"],
        device: DeviceName? = nil,
        remotePredictor: (any RemotePredicting)? = nil
    ) {
        self.path = path
        self.tags = tags
        self.device = device
        self.remotePredictor = remotePredictor
    }
}

/// A model in memory.
public protocol LoadedModel: AnyObject, Sendable {
    /// Every signature, also those a client would not call (`__saved_model_init_op`). Fixed for the model's life.
    var signatures: [Signature] { get }

    /// Runs the model on the calling thread: synchronous and blocking by contract, and callable from several threads
    /// at once.
    ///
    /// - Returns: one tensor for each of `request.outputs`, in that order, lent from the engine's memory.
    /// - Throws: the engine's own error; `DEADLINE_EXCEEDED` when the run was stopped because its deadline passed.
    func run(_ request: RunRequest) throws(ServingError) -> [Tensor]

    /// Runs several signatures in one run where the engine can: over all inputs of `parts`, for all their outputs. What
    /// two parts have in common is fed and computed once. An engine without such a thing runs them one by one.
    ///
    /// - Parameter parts: at least one, each of another signature. The deadline of the first is that of the run.
    /// - Returns: the outputs of the first part, then those of the second, and so on.
    /// - Throws: as `run`.
    func runJointly(_ parts: [RunRequest]) throws(ServingError) -> [Tensor]

    /// Bytes of memory that the model holds and this process has not allocated: in other processes, and in files that it
    /// maps; 0 for a model that has no such memory.
    var externalBytes: Int { get }

    /// Bytes of this process that the first run left behind, for what it prepared; `nil` before it, and where they could
    /// not be told from those of others.
    var preparedBytes: Int? { get }

    /// The copy in memory that this one is served by, where that may serve others, too.
    var sharedCopy: SharedCopy? { get }

    /// Ends the model and gives its memory back. Called once, when nothing runs any more. Blocks.
    func close()
}

extension LoadedModel {
    public var externalBytes: Int { 0 }

    public var preparedBytes: Int? { nil }

    public var sharedCopy: SharedCopy? { nil }

    public func runJointly(_ parts: [RunRequest]) throws(ServingError) -> [Tensor] { try runOneByOne(parts) }

    /// The runs of `parts`, each by itself.
    public func runOneByOne(_ parts: [RunRequest]) throws(ServingError) -> [Tensor] {
        var tensors: [Tensor] = []
        for part in parts { tensors += try run(part) }
        return tensors
    }
}

/// One run of one signature.
public struct RunRequest: Sendable {
    /// Index into `LoadedModel.signatures`.
    public var signature: Int
    /// One tensor for each of the signature's inputs, in their order.
    public var inputs: [Tensor]
    /// Indexes into the signature's outputs.
    public var outputs: [Int]
    public var deadline: Deadline
    /// What similar runs took, in nanoseconds; 0 when not known. An engine that can only stop a run at extra cost
    /// uses it to decide whether a deadline is worth that cost.
    public var expectedNanoseconds: UInt64
    /// Takes what the engine can tell of the run's operations; `nil` when nobody wants to know.
    public var trace: RunTrace?

    public init(
        signature: Int,
        inputs: [Tensor],
        outputs: [Int],
        deadline: Deadline = .never,
        expectedNanoseconds: UInt64 = 0
    ) {
        self.signature = signature
        self.inputs = inputs
        self.outputs = outputs
        self.deadline = deadline
        self.expectedNanoseconds = expectedNanoseconds
    }
}
