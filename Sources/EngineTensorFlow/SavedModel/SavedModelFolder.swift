import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The folder of one version of a model.
struct SavedModelFolder {
    let path: String

    /// Looks whether there is a SavedModel at all; whether it is sound, loading it tells.
    ///
    /// - Throws: what TensorFlow Serving says when there is none. Folders on remote file systems are left to TensorFlow.
    func check() throws(ServingError) {
        guard !path.contains("://") else { return }
        if ["saved_model.pb", "saved_model.pbtxt", "saved_model.cpb"].contains(where: exists) {
            return try checkVariables()
        }
        if exists("export.meta") { throw ServingError(.unimplemented, "Session Bundle is deprecated and removed.") }
        throw .notFound(
            "Specified file path does not appear to contain a SavedModel bundle (should have a file called "
                + "`saved_model.pb`)\nSpecified file path: \(path)"
        )
    }

    /// What is known of the operations of the graph; `nil` where looking would not tell, or take too long.
    var operations: GraphOperations? {
        guard !path.contains("://"),
            let bytes = try? LocalFile.contents(of: "\(path)/saved_model.pb", limit: Self.largestRead)
        else { return nil }
        return bytes.withUnsafeBytes { try? GraphOperations($0) }
    }

    /// Of larger files reading would cost more than it saves.
    private static let largestRead = 64 << 20

    /// TensorFlow takes a model without an index for one without variables: it loads it, and every run fails.
    private func checkVariables() throws(ServingError) {
        guard !exists("variables/variables.index"), hasMatch(for: "variables/variables.data-*") else { return }
        throw .notFound("\(path)/variables/variables.index is missing, although there is data for it")
    }

    private func hasMatch(for pattern: String) -> Bool {
        var result = glob_t()
        defer { globfree(&result) }
        return glob("\(path)/\(pattern)", 0, nil, &result) == 0
    }

    private func exists(_ file: String) -> Bool { access("\(path)/\(file)", F_OK) == 0 }
}
