import EngineInterface
import ModelSignatures
import ServingPrimitives
import Testing

@testable import EngineTensorFlow

@Suite struct LibraryTests {
    @Test func `a missing library is an error that says where it was looked for and how to get it`() throws {
        let folder = try ModelCopy(of: nil)
        let search = LibrarySearch(
            for: TensorFlowLibrary.file,
            environmentPath: nil,
            folders: [folder.path, "/nowhere"]
        )
        let error = try #require(throws: ServingError.self) { try search.find(explicitPath: nil) }
        #expect(error.code == .failedPrecondition)
        for part in [
            "libtensorflow_cc.so.2", "\(folder.path)/.deps/tensorflow/lib/libtensorflow_cc.so.2",
            "\(folder.path)/.venv/lib/python3*/site-packages/tensorflow/libtensorflow_cc.so.2",
            "/nowhere/.deps/tensorflow/lib/libtensorflow_cc.so.2", "scripts/setup", "--tensorflow-library",
            "APUS_TENSORFLOW_LIBRARY",
        ] {
            #expect(error.message.contains(part))
        }
    }

    @Test func `a path given is the only place`() throws {
        let folder = try ModelCopy(of: nil)
        try folder.write([], to: "here.so")
        let given = "\(folder.path)/here.so"
        let search = LibrarySearch(
            for: TensorFlowLibrary.file,
            environmentPath: "/nowhere/environment.so",
            folders: ["/nowhere"]
        )
        #expect(try search.find(explicitPath: given) == given)
        let error = try #require(throws: ServingError.self) { try search.find(explicitPath: nil) }
        #expect(error.message.contains("Looked at: /nowhere/environment.so."))
        #expect(
            try LibrarySearch(for: TensorFlowLibrary.file, environmentPath: given, folders: []).find(explicitPath: "")
                == given
        )
    }

    @Test func `this process finds its library beside the package`() throws {
        let folders = LibrarySearch.ofThisProcess(for: TensorFlowLibrary.file).folders
        #expect(folders.first?.contains("/.build") == true)
        #expect(folders.allSatisfy { $0.hasPrefix("/") })
    }

    @Test func `the library is opened once`() throws {
        let first = try TensorFlowLibrary.open(at: nil, log: { _ in })
        let second = try TensorFlowLibrary.open(at: "/another/path", log: { _ in })
        #expect(first.path == second.path)
        #expect(first.version.hasPrefix("2."))
    }

    @Test(
        arguments: [
            ("WARNING: All log messages before absl::InitializeLog() is called are written to STDERR", true),
            ("I0000 00:00:1795259102.171726   14606 cudart_stub.cc:31] Could not find cuda drivers", true),
            ("E0000 00:00:1795259102.171726   14606 cuda.cc:31] failed", false),
            ("2026-11-21T11:00:00Z info: model loaded", false), ("I am not TensorFlow", false), ("", false),
        ]
    )
    func `only TensorFlow's start-up chatter is hidden`(line: String, isNoise: Bool) {
        #expect(TensorFlowLibrary.isStartUpNoise(line) == isNoise)
    }

    /// `--tensorflow_session_parallelism`, `--tensorflow_intra_op_parallelism`, `--tensorflow_inter_op_parallelism`, and
    /// the threads that follow.
    @Test(
        arguments: [
            ((0, 0, 0), (1, 1)), ((4, 0, 0), (4, 4)), ((0, 3, 0), (3, 1)), ((0, 0, 2), (1, 2)), ((4, 3, 0), (3, 1)),
            ((0, 3, 2), (3, 2)),
        ]
    )
    func `parallelism flags mean what they mean in TensorFlow Serving`(flags: (Int, Int, Int), threads: (Int, Int)) {
        var options = TensorFlowOptions()
        options.setParallelism(session: flags.0, intraOp: flags.1, interOp: flags.2)
        #expect((options.intraOpThreads, options.interOpThreads) == threads)
    }

    @Test func `the session's configuration is the message TensorFlow expects`() {
        // intra_op_parallelism_threads = 1, experimental { disable_thread_spinning = true }
        #expect(SessionConfiguration.config(TensorFlowOptions()) == [16, 1, 0x82, 1, 2, 72, 1])
        let options = TensorFlowOptions(intraOpThreads: 300, interOpThreads: 2, allowSoftPlacement: true)
        #expect(SessionConfiguration.config(options) == [16, 0xAC, 2, 40, 2, 56, 1, 0x82, 1, 2, 72, 1])
        #expect(SessionConfiguration.inCallingThread == [24] + [UInt8](repeating: 0xFF, count: 9) + [1])
        #expect(SessionConfiguration.timeout(milliseconds: 200) == [16, 0xC8, 1])
        #expect(SessionConfiguration.pool(2) == [24, 2])
    }

    @Test func `the session's configuration begins with the given one and ends with what overrides it`() {
        var options = TensorFlowOptions(intraOpThreads: 4)
        options.sessionConfig = [56, 1]  // allow_soft_placement
        options.gpuMemoryFraction = 0.5
        options.computesInBFloat16 = true
        let expected: [UInt8] =
            [56, 1, 16, 4]
            + [50, 9, 9, 0, 0, 0, 0, 0, 0, 0xE0, 0x3F]  // gpu_options { per_process_gpu_memory_fraction: 0.5 }
            // graph_options { rewrite_options { auto_mixed_precision_onednn_bfloat16: ON } }
            + [82, 5, 82, 3, 0xF8, 1, 1]
            + [0x82, 1, 2, 72, 1]
        #expect(SessionConfiguration.config(options) == expected)
    }

    @Test func `a graph without branches is spared an optimizer, unless the given configuration wants it`() {
        var options = TensorFlowOptions()
        options.sessionConfig = [82, 5, 82, 3, 0x80, 2, 0]
        let expected: [UInt8] = [82, 5, 82, 3, 0x80, 2, 1, 82, 5, 82, 3, 0x80, 2, 0, 16, 1, 0x82, 1, 2, 72, 1]
        #expect(SessionConfiguration.config(options, hasBranches: false) == expected)
    }

    @Test(
        arguments: [("If", true), ("StatelessCase", true), ("StatelessWhile", false), ("Iffy", false)],
        [true, false]
    )
    func `branches are found in a graph and in its functions`(operation: (String, Bool), isInFunction: Bool) throws {
        let folder = try ModelCopy(of: nil)
        var model = ProtobufWriter()
        model.message(2) {  // meta_graphs
            $0.message(2) {  // graph_def
                $0.message(1) { $0.string(2, "NoOp") }  // node
                if isInFunction {
                    // library, function, node_def
                    $0.message(2) { $0.message(1) { $0.message(3) { $0.string(2, operation.0) } } }
                } else {
                    $0.message(1) { $0.string(2, operation.0) }
                }
            }
        }
        try folder.write(model.bytes, to: "saved_model.pb")
        #expect(SavedModelFolder(path: folder.path).operations?.includeBranches == operation.1)
    }

    @Test(arguments: ["half_plus_two", "loop", "mobilenet_v2"])
    func `real graphs without branches have none`(model: String) throws {
        #expect(SavedModelFolder(path: try TestModels.path(model)).operations?.includeBranches == false)
    }

    @Test func `of a graph that cannot be read nothing is known`() throws {
        let folder = try ModelCopy(of: nil)
        #expect(SavedModelFolder(path: folder.path).operations == nil)
        try folder.write([18, 200], to: "saved_model.pb")
        #expect(SavedModelFolder(path: folder.path).operations == nil)
    }

    @Test func `a version's overrides go to the graph optimizer`() {
        let overrides = SessionOverrides(
            optimizers: [.init(name: "n", parameter: "p", value: [0xFF])],
            disablesMetaOptimizer: true
        )
        let optimizer: [UInt8] =
            [10, 1] + Array("n".utf8) + [18, 11, 10, 1] + Array("p".utf8) + [18, 6, 18, 4] + Array("/w==".utf8)
        let rewriter: [UInt8] = [0x98, 1, 1, 0xC2, 0x0C, UInt8(optimizer.count)] + optimizer
        let graph: [UInt8] = [82, UInt8(rewriter.count)] + rewriter
        let expected: [UInt8] = [16, 1, 82, UInt8(graph.count)] + graph + [0x82, 1, 2, 72, 1]
        #expect(SessionConfiguration.config(TensorFlowOptions(), overrides: overrides) == expected)
    }

    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func `bytes are written in base64`(text: String, expected: String) {
        #expect(Base64.encode(Array(text.utf8)) == expected)
    }
}
