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
        if ["saved_model.pb", "saved_model.pbtxt", "saved_model.cpb"].contains(where: exists) { return }
        if exists("export.meta") { throw ServingError(.unimplemented, "Session Bundle is deprecated and removed.") }
        throw .notFound(
            "Specified file path does not appear to contain a SavedModel bundle (should have a file called "
                + "`saved_model.pb`)\nSpecified file path: \(path)"
        )
    }

    private func exists(_ file: String) -> Bool { access("\(path)/\(file)", F_OK) == 0 }
}
