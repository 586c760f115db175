import EngineInterface
public import ServingPrimitives

extension TensorFlowEngine {
    /// Looks for libtensorflow without opening it, so that a server can refuse to start at once where it is missing.
    ///
    /// - Throws: `FAILED_PRECONDITION` with every place that was looked at and how to install the library.
    public func findLibrary() throws(ServingError) {
        _ = try LibrarySearch.ofThisProcess(for: TensorFlowLibrary.file).find(explicitPath: libraryPath)
    }

    /// Opens libtensorflow (110 to 150 ms) and asks for its version, like `2.21.0`.
    ///
    /// - Throws: as `findLibrary`, or why the file cannot be opened.
    public func libraryVersion() throws(ServingError) -> String {
        try TensorFlowLibrary.open(at: libraryPath) { _ in }.version
    }

    /// Opens libtensorflow and loads the op libraries of the options, if there are any, so that a server can refuse to
    /// start at once where one cannot be used.
    ///
    /// - Throws: as `findLibrary`; `FAILED_PRECONDITION` `cannot load the op library PATH: ...`.
    public func loadOpLibraries() throws(ServingError) {
        guard !options.opLibraries.isEmpty else { return }
        _ = try openLibrary()
    }

    /// libtensorflow with the op libraries of the options.
    func openLibrary() throws(ServingError) -> TensorFlowLibrary {
        let library = try TensorFlowLibrary.open(at: options.libraryPath, log: options.log)
        try OpLibraries.load(options.opLibraries, for: library)
        return library
    }
}
