import ServingPrimitives

/// An operation of ours: what graphs see of it, and what computes it.
struct OperationDefinition: Sendable {
    /// What makes the kernel for one node of a graph.
    enum Kernel: Sendable {
        case computing(@Sendable (NodeDefinition) throws(ServingError) -> any OperationKernel)
        /// One that is done some time after it was asked.
        case asynchronous(@Sendable (NodeDefinition) throws(ServingError) -> any AsynchronousKernel)
    }

    /// What is known of its outputs before it runs.
    enum Shapes: Sendable {
        case open
        /// The first two are scalars.
        case twoScalars
    }

    let name: String
    /// In the words of TensorFlow's `REGISTER_OP`, as inputs and outputs are: `dims: list(int)`.
    var attributes: [String] = []
    var inputs: [String] = []
    var outputs: [String] = []
    /// Whether TensorFlow must not compute it beforehand, nor once for two nodes that are alike.
    var isStateful = false
    var shapes = Shapes.open
    let kernel: Kernel
}

/// Computes an operation, for one node of a graph; called from several threads at once.
protocol OperationKernel: AnyObject, Sendable {
    func compute(_ context: KernelContext) throws(ServingError)
}

/// As `OperationKernel`, for what waits for others.
protocol AsynchronousKernel: AnyObject, Sendable {
    /// Must not block. `done` is called exactly once, before this returns or on any thread; what the graph does next may
    /// run inside of it. `context` may be used until then, by one thread at a time.
    func compute(_ context: KernelContext, done: @escaping @Sendable (ServingError?) -> Void)
}
