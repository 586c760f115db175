import CLiteRT
import EngineInterface
import ServingPrimitives
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// libLiteRt, opened at run time: once for the process, when the first TFLite model is loaded.
struct LiteRTLibrary: @unchecked Sendable {
    // Sendable: never changed after it is made; LiteRT's environments may be used from any thread.
    static let file = EngineLibrary(
        name: "LiteRT",
        fileName: "libLiteRt.so",
        environmentVariable: "APUS_LITERT_LIBRARY",
        option: "--litert-library",
        installedPaths: [".deps/litert/lib/libLiteRt.so"]
    )

    /// The file that was opened.
    let path: String
    /// What all models are compiled in. Lives as long as the process.
    let environment: LiteRtEnvironment

    private static let opened = Mutex<LiteRTLibrary?>(nil)

    /// The library, opened now unless it is already. One process has one: later calls get it wherever they would look.
    ///
    /// - Throws: `FAILED_PRECONDITION` with every place that was looked at and how to install the library.
    static func open(
        at explicitPath: String?,
        search: LibrarySearch = .ofThisProcess(for: file)
    ) throws(ServingError) -> LiteRTLibrary {
        try opened.withLock { (opened: inout LiteRTLibrary?) throws(ServingError) in
            if let opened { return opened }
            let library = try LiteRTLibrary(opening: search.find(explicitPath: explicitPath))
            opened = library
            return library
        }
    }

    private init(opening path: String) throws(ServingError) {
        if let failure = clr_open(path) {
            defer { free(failure) }
            throw .failedPrecondition("cannot use the LiteRT library \(path): \(String(cString: failure))")
        }
        guard let environment = clr_create_environment(ParseExampleKernel.operations) else {
            throw .failedPrecondition("cannot use the LiteRT library \(path): it made no environment")
        }
        self.path = path
        self.environment = environment
    }
}
