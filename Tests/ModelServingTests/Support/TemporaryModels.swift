import Foundation
import Glibc

/// A folder of models that the file system source takes at once, gone when the last reference is.
final class TemporaryModels: Sendable {
    let path: String

    init() {
        var template = Array("/tmp/apus-models-XXXXXX".utf8CString)
        path = String(cString: mkdtemp(&template))
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The base path of a model, made when it is not there.
    func basePath(of model: String) -> String {
        mkdir("\(path)/\(model)", 0o755)
        return "\(path)/\(model)"
    }

    /// Publishes a version that was left alone for long, by a rename as a careful exporter does.
    func publish(_ model: String, version: Int) {
        let folder = "\(basePath(of: model))/\(version)"
        let hidden = "\(basePath(of: model))/.\(version)"
        mkdir(hidden, 0o755)
        let file = open("\(hidden)/saved_model.pb", O_CREAT | O_WRONLY, 0o644)
        write(file, "fake", 4)
        close(file)
        var old = [timespec(tv_sec: 1_000_000, tv_nsec: 0), timespec(tv_sec: 1_000_000, tv_nsec: 0)]
        for entry in ["\(hidden)/saved_model.pb", hidden] { utimensat(AT_FDCWD, entry, &old, 0) }
        rename(hidden, folder)
    }
}
