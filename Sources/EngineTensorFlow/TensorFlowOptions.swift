/// How TensorFlow is found and how it runs models.
///
/// Thread counts belong to the process: TensorFlow makes its pools for the first model and keeps them for all.
public struct TensorFlowOptions: Sendable {
    /// The file libtensorflow_cc.so.2. `nil`: `APUS_TENSORFLOW_LIBRARY` names it, or it is looked for in `.deps` and
    /// `.venv` near the executable and the current folder.
    public var libraryPath: String?

    /// Threads that share the work of one operation (`--tensorflow_intra_op_parallelism`). Default 1: the engine
    /// threads keep all cores busy with whole runs, which needs less CPU per run than sharing operations out.
    public var intraOpThreads: Int

    /// Operations of one run that may run at once (`--tensorflow_inter_op_parallelism`). Default 1: a run stays in the
    /// thread that asked for it, which spares 8 µs of hand-overs. Above 1, operations run on a pool of that size.
    public var interOpThreads: Int

    /// Whether a graph that asks for a device that is missing runs on another one (default false, as in TensorFlow
    /// Serving: such a model fails to load).
    public var allowSoftPlacement: Bool

    /// A serialized `tensorflow.ConfigProto` that every session starts from; the other options override parts of it.
    public var sessionConfig: [UInt8] = []

    /// Which pool of the session configuration's `session_inter_op_thread_pool` restores variables and runs the
    /// initialisation of a model (default: the first).
    public var loadThreadPool: Int?

    /// Share of a GPU's memory that TensorFlow takes; 0 (the default) lets it choose.
    public var gpuMemoryFraction: Double = 0

    /// Whether graphs may be compiled with XLA (default true). Where not, runs of a graph that asks for it fail, in the
    /// whole process.
    public var allowsXLA = true

    /// Whether oneDNN computes in bfloat16 what it may, on processors that can (default false).
    public var computesInBFloat16 = false

    /// Shared objects with operations and kernels of their own, built for this TensorFlow, loaded before the first model.
    /// Those of TensorFlow Text need not be named: they are found like libtensorflow itself.
    public var opLibraries: [String]

    /// Where folders for models that are loaded with other devices than their files say are made. `nil` (the default): in
    /// the system's folder for temporary files.
    public var temporaryFolder: String?

    /// Takes warnings that fit no answer: a library of an unknown version. Default: nothing happens with them.
    public var log: @Sendable (String) -> Void

    public init(
        libraryPath: String? = nil,
        intraOpThreads: Int = 1,
        interOpThreads: Int = 1,
        allowSoftPlacement: Bool = false,
        opLibraries: [String] = [],
        log: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.libraryPath = libraryPath
        self.intraOpThreads = intraOpThreads
        self.interOpThreads = interOpThreads
        self.allowSoftPlacement = allowSoftPlacement
        self.opLibraries = opLibraries
        self.log = log
    }

    /// Sets the thread counts from TensorFlow Serving's three flags, 0 where a flag is not set.
    ///
    /// If either of `intraOp` and `interOp` is set, they replace `session`; what is not set keeps our default, where
    /// TensorFlow Serving lets TensorFlow take as many threads as there are cores.
    public mutating func setParallelism(session: Int, intraOp: Int, interOp: Int) {
        let bothFromSession = intraOp <= 0 && interOp <= 0 && session > 0
        if bothFromSession || intraOp > 0 { intraOpThreads = bothFromSession ? session : intraOp }
        if bothFromSession || interOp > 0 { interOpThreads = bothFromSession ? session : interOp }
    }
}
