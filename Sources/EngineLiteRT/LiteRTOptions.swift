/// How LiteRT is found and how it runs models.
public struct LiteRTOptions: Sendable {
    /// The file libLiteRt.so. `nil`: `APUS_LITERT_LIBRARY` names it, or it is looked for in `.deps` near the executable
    /// and the current folder.
    public var libraryPath: String?

    /// Interpreters of each model (`--num_tflite_pools`): how many runs of it there may be at once. Default 1.
    public var interpreters: Int

    /// `--num_tflite_interpreters_per_pool`: above 1, a request of many rows is run in parts, of
    /// `maximumRows / interpretersPerPool` rows at most. Default 1: a request is one run.
    public var interpretersPerPool: Int

    /// TensorFlow Serving's limit of a batch inside of TFLite (`kInitialBatchSize`).
    static let maximumRows = 500

    public init(libraryPath: String? = nil, interpreters: Int = 1, interpretersPerPool: Int = 1) {
        self.libraryPath = libraryPath
        self.interpreters = interpreters
        self.interpretersPerPool = interpretersPerPool
    }

    /// The most rows of a run; `nil` where requests are not split.
    var rowsOfRun: Int? {
        guard interpretersPerPool > 1 else { return nil }
        return (Self.maximumRows - 1) / interpretersPerPool + 1
    }
}
