import ModelSources
import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// What is in a folder of models, look after look: every sub-folder that has a version, and what is wrong with the rest. A
/// plain value; what a look cannot read changes nothing that was known.
struct Repository {
    /// Worth telling a person; told again only after it was once not so.
    enum Notice: Hashable {
        /// The folder itself; its models stay as they are.
        case unreadable(String)
        case unusable(name: String, reason: String)
        case tooMany(count: Int)
    }

    struct Look: Hashable {
        /// Sorted; `nil` when the folder could not be read.
        var models: [String]?
        var notices: [Notice] = []
    }

    private enum Finding {
        case model
        case unusable(String)
        /// What cannot be looked at now, but was a model before, is one still.
        case unknown(String)
    }

    let folder: String
    /// More are not served: `ServerConfiguration.Model.maximumCount`.
    let maximumCount: Int
    private var known: Set<String> = []
    private var told: Set<Notice> = []

    /// - Parameter folder: an absolute path without a slash at its end.
    init(folder: String, maximumCount: Int) {
        self.folder = folder
        self.maximumCount = maximumCount
    }

    /// - Parameter resolve: the path without links; `nil` where there is nothing at its end.
    mutating func look(
        at files: some FileSystem = LocalFileSystem(),
        resolve: (String) -> String? = Self.realPath
    ) -> Look {
        let names: [String]
        do throws(FileSystemError) {
            names = try files.names(in: folder)
        } catch {
            return Look(models: nil, notices: tell([.unreadable(error.message)]))
        }
        var notices: Set<Notice> = []
        var models: [String] = []
        let root = resolve(folder)
        // What begins with a point is hidden: tools keep their own things there.
        for name in names.sorted() where !name.hasPrefix(".") {
            switch find(name, files, root, resolve) {
            case .model: models.append(name)
            case .unusable(let reason): notices.insert(.unusable(name: name, reason: reason))
            case .unknown(let reason):
                notices.insert(.unusable(name: name, reason: reason))
                if known.contains(name) { models.append(name) }
            }
        }
        if models.count > maximumCount {
            notices.insert(.tooMany(count: models.count))
            models.removeLast(models.count - maximumCount)
        }
        known = Set(models)
        return Look(models: models, notices: tell(notices))
    }

    private func find(
        _ name: String,
        _ files: some FileSystem,
        _ root: String?,
        _ resolve: (String) -> String?
    ) -> Finding {
        if let reason = Self.defect(ofName: name) { return .unusable(reason) }
        let path = "\(folder)/\(name)"
        guard let real = resolve(path) else {
            return .unknown("it leads nowhere, or in a circle, or may not be looked at")
        }
        if let root, real != "\(root)/\(name)", !real.hasPrefix("\(root)/") {
            return .unusable(real == root ? "it leads to the repository itself" : "it leads out of the repository")
        }
        guard let status = files.status(of: path) else { return .unknown("it cannot be looked at") }
        guard status.isFolder else { return .unusable("it is not a folder") }
        // Who was a model is looked after elsewhere, as are its versions.
        if known.contains(name) { return .model }
        do throws(FileSystemError) {
            let versions = try files.names(in: path)
            guard versions.contains(where: { VersionFolderName.version($0) != nil }) else {
                return .unusable("it has no versions; a version's folder must have a number as its name, like 1")
            }
            return .model
        } catch {
            return .unknown(error.message)
        }
    }

    /// Names become part of URLs, metrics and logs.
    private static func defect(ofName name: String) -> String? {
        if name.utf8.count > 255 { return "its name is too long" }
        if name.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F || $0 == "\u{FFFD}" }) {
            return "its name has characters that are no text"
        }
        return name.contains(":") ? "its name has a colon, which paths of requests cannot have" : nil
    }

    private mutating func tell(_ notices: Set<Notice>) -> [Notice] {
        defer { told = notices }
        return notices.subtracting(told).sorted { "\($0)" < "\($1)" }
    }

    @Sendable static func realPath(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }
}
