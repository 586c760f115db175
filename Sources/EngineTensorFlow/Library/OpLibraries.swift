import CTensorFlow
import EngineInterface
import ServingPrimitives
import Synchronization

/// Shared objects that bring TensorFlow operations of their own into the process. They stay until it ends.
enum OpLibraries {
    private struct State {
        var paths: Set<String> = []
        var hasLookedForText = false
    }

    /// Where TensorFlow Text's libraries are: linked by `scripts/setup`, or in the Python package.
    private static let textLibraries = [
        ".deps/tensorflow-text/lib/_*.so", ".venv/lib/python3*/site-packages/tensorflow_text/python/*/_*.so",
        "tensorflow_text/python/*/_*.so",
    ]

    private static let state = Mutex(State())

    /// Loads those of `paths` that are not loaded yet, in order.
    ///
    /// - Throws: `FAILED_PRECONDITION` for the first that cannot be, with the reason.
    static func load(_ paths: [String], for library: TensorFlowLibrary) throws(ServingError) {
        guard !paths.isEmpty else { return }
        try state.withLock { (state: inout State) throws(ServingError) in
            for path in paths where !state.paths.contains(path) {
                try load(path, for: library)
                state.paths.insert(path)
            }
        }
    }

    /// Loads the libraries of TensorFlow Text, which TensorFlow Serving has built in, from where `scripts/setup` and pip
    /// put them.
    ///
    /// On demand only, when a model uses an operation that is not there: they take 40 to 100 ms.
    ///
    /// - Returns: whether there were any that had not been looked for before.
    static func loadTensorFlowText(for library: TensorFlowLibrary, log: (String) -> Void) -> Bool {
        state.withLock { state in
            guard !state.hasLookedForText else { return false }
            state.hasLookedForText = true
            let found = LibrarySearch.ofThisProcess(for: TensorFlowLibrary.file)
                .companions(of: library.path, textLibraries)
            for path in found where !state.paths.contains(path) {
                do throws(ServingError) {
                    try load(path, for: library)
                    state.paths.insert(path)
                } catch {
                    log(error.message)
                }
            }
            return !found.isEmpty
        }
    }

    private static func load(_ path: String, for library: TensorFlowLibrary) throws(ServingError) {
        do throws(ServingError) {
            _ = try ServingError.check { TF_LoadLibrary(path, $0) }
        } catch {
            throw .failedPrecondition(
                "cannot load the op library \(path): \(error.message). "
                    + "It has to be a shared object built for TensorFlow \(library.version)."
            )
        }
    }
}

extension ServingError {
    /// Whether TensorFlow says that a graph has an operation it does not know.
    var isUnknownOperation: Bool { message.contains("Op type not registered '") }
}
