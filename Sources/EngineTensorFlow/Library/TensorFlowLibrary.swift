import CTensorFlow
import EngineInterface
import ServingPrimitives
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// libtensorflow, opened at run time: once for the process, when the first model is loaded.
///
/// Opening takes 110 to 150 ms and leaves TensorFlow's start-up messages unsaid.
struct TensorFlowLibrary: Sendable {
    static let file = EngineLibrary(
        name: "TensorFlow",
        fileName: "libtensorflow_cc.so.2",
        environmentVariable: "APUS_TENSORFLOW_LIBRARY",
        option: "--tensorflow-library",
        installedPaths: [
            ".deps/tensorflow/lib/libtensorflow_cc.so.2",
            ".venv/lib/python3*/site-packages/tensorflow/libtensorflow_cc.so.2",
        ]
    )

    /// The file that was opened.
    let path: String
    /// `2.21.0`.
    let version: String

    private static let opened = Mutex<TensorFlowLibrary?>(nil)

    /// The library, opened now unless it is already. One process has one: later calls get it wherever they would look.
    ///
    /// - Throws: `FAILED_PRECONDITION` with every place that was looked at and how to install the library.
    static func open(
        at explicitPath: String?,
        search: LibrarySearch = .ofThisProcess(for: file),
        log: (String) -> Void
    ) throws(ServingError) -> TensorFlowLibrary {
        try opened.withLock { (opened: inout TensorFlowLibrary?) throws(ServingError) in
            if let opened { return opened }
            let library = try TensorFlowLibrary(opening: search.find(explicitPath: explicitPath))
            if !library.version.hasPrefix("2.") {
                log("TensorFlow \(library.version) in \(library.path) is not a 2.x version; it may not work")
            }
            opened = library
            return library
        }
    }

    private init(opening path: String) throws(ServingError) {
        Self.prepareProcess()
        let capture = StandardErrorCapture()
        let failure = ctf_open(path)
        capture?.end { line in !Self.isStartUpNoise(line) }
        if let failure {
            defer { free(failure) }
            throw .failedPrecondition("cannot use the TensorFlow library \(path): \(String(cString: failure))")
        }
        self.path = path
        self.version = String(cString: TF_Version())
    }

    /// Makes compilations with XLA fail from now on.
    func disableXLA(log: (String) -> Void) {
        if ctf_disable_xla() == 0 { log("TensorFlow \(version) in \(path) cannot be told not to compile with XLA") }
    }

    /// Settings that TensorFlow reads once, at its start.
    private static func prepareProcess() {
        // With oneDNN on, which is the default, TensorFlow would keep a pool of its own, and the memory of variables
        // would never go back.
        setenv("TF_ONEDNN_USE_SYSTEM_ALLOCATOR", "1", 0)
        // Errors only, unless the user says otherwise: TensorFlow warns of every request that fails, and the server
        // reports loads itself.
        setenv("TF_CPP_MIN_LOG_LEVEL", "2", 0)
        SystemAllocator.tune()
    }

    /// What the library says while it is opened, before it can be told to be quiet: a notice that logging is not set up
    /// yet and information lines (`I0000 00:00:...`).
    static func isStartUpNoise(_ line: some StringProtocol) -> Bool {
        if line.hasPrefix("WARNING: All log messages before absl::InitializeLog()") { return true }
        return line.first == "I" && line.dropFirst().prefix(4).allSatisfy(\.isNumber) && line.dropFirst(5).first == " "
    }
}
