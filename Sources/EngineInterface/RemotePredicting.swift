public import ServingPrimitives
public import Tensors

/// Answers what a graph asks of other models while it runs: the one way out of an engine.
///
/// Given to an engine with a `LoadRequest`; whoever gives it decides where those models are.
public protocol RemotePredicting: Sendable {
    /// Asks another model.
    ///
    /// Must not block: the caller may hold a thread that the answer needs. `completion` is called exactly once, at the
    /// deadline at the latest, before this returns or on any thread; what the graph does next may run inside of it.
    /// It gives one tensor for each of `prediction.outputs`, in that order, or why there are none: `UNAVAILABLE` when
    /// the model is nowhere to be found, `DEADLINE_EXCEEDED` when its answer came too late, else its own error.
    func predict(
        _ prediction: RemotePrediction,
        completion: @escaping @Sendable (Result<[Tensor], ServingError>) -> Void
    )
}

/// A call of another model, as a graph words it.
public struct RemotePrediction: Sendable {
    /// `<model>:ps_<i>`; `:ps_<i>` where the model has no name.
    public var model: String
    /// What older exports call it: `ps_<i>`, or empty.
    public var oldModel: String
    /// Number of the shard; -1 where the graph does not say.
    public var task: Int
    /// `nil` is the newest there is.
    public var version: Int64?
    public var signature: String
    /// By the names that the signature has for them, each once.
    public var inputs: [(name: String, tensor: Tensor)]
    /// Names of the outputs that are wanted, each once.
    public var outputs: [String]
    public var deadline: Deadline
    /// The run of the graph, where that is known: other calls of the same run have the same.
    public var run: ObjectIdentifier?

    public init(
        model: String,
        oldModel: String = "",
        task: Int = -1,
        version: Int64? = nil,
        signature: String,
        inputs: [(name: String, tensor: Tensor)],
        outputs: [String],
        deadline: Deadline = .never,
        run: ObjectIdentifier? = nil
    ) {
        self.model = model
        self.oldModel = oldModel
        self.task = task
        self.version = version
        self.signature = signature
        self.inputs = inputs
        self.outputs = outputs
        self.deadline = deadline
        self.run = run
    }
}
