public import EngineInterface
public import ServingPrimitives

/// Runs SavedModels with TensorFlow, over its C API.
public struct TensorFlowEngine: InferenceEngine {
    public let name = "tensorflow"
    let options: TensorFlowOptions
    let shadows: ShadowFolders
    var libraryPath: String? { options.libraryPath }

    /// Does nothing with TensorFlow yet: the library is opened when the first model is loaded.
    public init(options: TensorFlowOptions = TensorFlowOptions()) {
        self.options = options
        shadows = ShadowFolders(parent: options.temporaryFolder)
    }

    /// Loads the SavedModel in `request.path`, the graph whose tags are exactly `request.tags`.
    ///
    /// - Throws: `FAILED_PRECONDITION` when libtensorflow is missing, with how to install it; `NOT_FOUND` when there is
    ///   no SavedModel or none with these tags; `UNIMPLEMENTED` for a model in another format than saved_model.pb that is
    ///   to be on a certain device, `FAILED_PRECONDITION` when there is no such accelerator; else TensorFlow's own reason, or which signature does not fit the graph.
    public func load(_ request: LoadRequest) throws(ServingError) -> any LoadedModel {
        try loadModel(request)
    }

    /// - Parameter target: where the model's session is; `nil` is this process.
    package func loadModel(
        _ request: LoadRequest,
        on target: ClusterTarget? = nil
    ) throws(ServingError) -> TensorFlowModel {
        let library = try openLibrary()
        if !options.allowsXLA { library.disableXLA(log: options.log) }
        let folder = SavedModelFolder(path: request.path)
        try folder.check()
        let operations = folder.operations
        if operations?.includeMonolith ?? false { try OperationRegistry.registerMonolith(in: library) }
        do throws(ServingError) {
            return try loadSession(request, on: target, operations)
        } catch  where MonolithOperations.areMissing(for: error) {
            // Of a graph that was too large to look through before.
            try OperationRegistry.registerMonolith(in: library)
            return try loadSession(request, on: target, operations)
        } catch  where error.isUnknownOperation {
            guard OpLibraries.loadTensorFlowText(for: library, log: options.log) else { throw error }
            return try loadSession(request, on: target, operations)
        }
    }

    private func loadSession(
        _ request: LoadRequest,
        on target: ClusterTarget?,
        _ operations: GraphOperations?
    ) throws(ServingError) -> TensorFlowModel {
        guard let device = request.device else {
            return try loadSession(request, on: target, operations, shadow: nil)
        }
        try checkIsThere(device)
        let shadow = try shadows.make(of: request.path, device: device)
        do throws(ServingError) {
            return try loadSession(request, on: target, operations, shadow: shadow)
        } catch {
            shadow.remove()
            // Nobody knows the shadow; the model is where the caller said.
            throw ServingError(error.code, error.message.replacing(shadow.path, with: request.path))
        }
    }

    private func loadSession(
        _ request: LoadRequest,
        on target: ClusterTarget?,
        _ operations: GraphOperations?,
        shadow: ShadowFolder?
    ) throws(ServingError) -> TensorFlowModel {
        // Operations on a cluster are those of its workers.
        let tables =
            target == nil ? request.tableKeeper.map { GraphTables($0, of: request, shadow: shadow?.path) } : nil
        do throws(ServingError) {
            let model = try makeModel(request, on: target, operations, tables, shadow)
            try tables?.finishLoading()
            return model
        } catch {
            tables?.close()
            throw error
        }
    }

    private func makeModel(
        _ request: LoadRequest,
        on target: ClusterTarget?,
        _ operations: GraphOperations?,
        _ tables: GraphTables?,
        _ shadow: ShadowFolder?
    ) throws(ServingError) -> TensorFlowModel {
        // What only loading needs goes back: the file's bytes, TensorFlow's own copies of the graph.
        let (session, metaGraph) = try SystemAllocator.givingBack { () throws(ServingError) in
            try openSession(request, on: target, operations, tables, shadow)
        }
        let signatures = try metaGraph.signatures.sorted { $0.key < $1.key }.map {
            (name, definition) throws(ServingError) in
            try SessionSignature(name: name, definition: definition, session: session)
        }
        return TensorFlowModel(
            session: session,
            signatures: signatures,
            usesPool: options.interOpThreads > 1,
            mayRunLong: metaGraph.mayRunLong,
            runLimit: target.map { UInt64($0.timeoutMilliseconds) * 1_000_000 },
            host: metaGraph.hasMonolithOperations && target == nil
                ? OperationHost(predictor: request.remotePredictor, tables: tables) : nil,
            shadow: shadow,
            measuresFirstRun: request.measuresFirstRun
        )
    }

    private func openSession(
        _ request: LoadRequest,
        on target: ClusterTarget?,
        _ operations: GraphOperations?,
        _ tables: GraphTables?,
        _ shadow: ShadowFolder?
    ) throws(ServingError) -> (session: TensorFlowSession, metaGraph: MetaGraph) {
        let config = SessionConfiguration.config(
            options,
            overrides: SavedModelConfig.overrides(in: request.path, log: options.log),
            hasBranches: operations?.includeBranches ?? true,
            target: target,
            device: request.device
        )
        func load(_ runOptions: [UInt8]?) throws(ServingError) -> (session: TensorFlowSession, metaGraph: MetaGraph) {
            try TensorFlowSession.load(
                shadow?.path ?? request.path,
                tags: request.tags,
                config: config,
                runOptions: runOptions,
                target: target?.url
            )
        }
        guard target == nil else { return try load(nil) }
        guard operations?.includeMonolith ?? OperationRegistry.isInUse else {
            return try load(options.loadThreadPool.map(SessionConfiguration.pool))
        }
        // The initialisation may make tables: its operations find them by the thread that they run in.
        let context = RunContext(host: OperationHost(tables: tables))
        do throws(ServingError) {
            return try context.whileCurrent { () throws(ServingError) in try load(SessionConfiguration.inCallingThread)
            }
        } catch {
            throw context.cause(of: error)
        }
    }
}
