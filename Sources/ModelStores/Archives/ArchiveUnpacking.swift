import CStoreLibraries
import ServingPrimitives

/// Unpacks a tar or zip file into a folder of ours. Entries that would leave the folder, links, devices and too much of
/// everything are refused, and the archive with them.
struct ArchiveUnpacking {
    struct Path: Hashable {
        var inArchive: String
        /// Below the folder that has the model.
        var inVersion: String
    }

    /// Of the file.
    var archive: String
    /// For people.
    var name: String
    /// A folder that is not there yet.
    var target: String
    /// Bytes of all files together.
    var limit: Int64
    var isCancelled: () -> Bool
    /// Called before so many bytes more are written.
    var makeRoom: (Int64) throws(ServingError) -> Void

    private static let maximumEntries = 100_000
    /// Room is made for so much at once.
    private static let step: Int64 = 64 << 20

    /// - Returns: what there is of the version in the archive: all of it, or what lies in the one folder with a model.
    func run() throws(ServingError) -> (files: [Path], folders: [String]) {
        try StoreLibrary.archive.open()
        var message: UnsafePointer<CChar>?
        guard let reader = cst_archive_open(archive, &message) else {
            throw ServingError(.resourceExhausted, "libarchive could not make a reader")
        }
        defer { cst_archive_close(reader) }
        if let message { throw damaged(String(cString: message)) }
        var entries = Entries()
        try LocalFiles.makeFolder(target)
        while let entry = try next(reader) { try unpack(entry, reader, &entries) }
        return entries.ofVersion
    }

    private struct Entries {
        var files: Set<String> = []
        var folders: Set<String> = []
        var bytes: Int64 = 0
        var granted: Int64 = 0

        /// Archives of a folder have its name before everything: the folder nearest to the root that has a model counts.
        var ofVersion: (files: [Path], folders: [String]) {
            let models = ["saved_model.pb", "saved_model.pbtxt", "saved_model.cpb", "model.tflite"]
            let prefixes = files.compactMap { path in
                models.first { path == $0 || path.hasSuffix("/" + $0) }.map { path.dropLast($0.count) }
            }
            let depth = prefixes.map { $0.split(separator: "/").count }.min()
            let nearest = Set(prefixes.filter { $0.split(separator: "/").count == depth })
            let prefix = nearest.count == 1 ? nearest.first ?? "" : ""
            func inside(_ paths: Set<String>) -> [String] { paths.filter { $0.hasPrefix(prefix) }.sorted() }
            return (
                inside(files).map { Path(inArchive: $0, inVersion: String($0.dropFirst(prefix.count))) },
                inside(folders).map { String($0.dropFirst(prefix.count)) }.filter { !$0.isEmpty }
            )
        }
    }

    private func next(_ reader: UnsafeMutableRawPointer) throws(ServingError) -> cst_entry? {
        var entry = cst_entry()
        var message: UnsafePointer<CChar>?
        switch cst_archive_next(reader, &entry, &message) {
        case 1: return entry
        case 0: return nil
        default: throw damaged(message.map { String(cString: $0) } ?? "")
        }
    }

    private func unpack(
        _ entry: cst_entry,
        _ reader: UnsafeMutableRawPointer,
        _ entries: inout Entries
    ) throws(ServingError) {
        guard let path = entry.path.flatMap({ String(validatingCString: $0) }) else {
            throw refused("an entry whose name cannot be read")
        }
        var trimmed = path[...]
        while trimmed.hasPrefix("./") { trimmed = trimmed.dropFirst(2) }
        while trimmed.hasSuffix("/") { trimmed = trimmed.dropLast() }
        if trimmed.isEmpty || trimmed == "." { return }
        guard SafePath.isBelow(String(trimmed)) else {
            throw refused("an entry that leads out of it, or has no proper name: \(path.prefix(200))")
        }
        guard entries.files.count + entries.folders.count < Self.maximumEntries else {
            throw refused("more than \(Self.maximumEntries) entries")
        }
        let clean = String(trimmed)
        switch entry.kind {
        case cst_entry_folder:
            try LocalFiles.makeFolder("\(target)/\(clean)")
            entries.folders.insert(clean)
        case cst_entry_file:
            guard entries.files.insert(clean).inserted else { throw refused("two entries of the name \(clean)") }
            try write(reader, to: clean, &entries)
        case cst_entry_link: throw refused("a link, which models need none of: \(clean)")
        default: throw refused("an entry that is neither a file nor a folder: \(clean)")
        }
    }

    private func write(
        _ reader: UnsafeMutableRawPointer,
        to path: String,
        _ entries: inout Entries
    ) throws(ServingError) {
        if let slash = path.lastIndex(of: "/") { try LocalFiles.makeFolder("\(target)/\(path[..<slash])") }
        let file = try OpenFile("\(target)/\(path)", truncates: true)
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        var offset: Int64 = 0
        while true {
            guard !isCancelled() else { throw ServingError(.cancelled, "\(name) is no longer asked for") }
            var message: UnsafePointer<CChar>?
            let count = buffer.withUnsafeMutableBytes { bytes in
                // It has an address, as its count is not 0.
                cst_archive_read(reader, bytes.baseAddress!, bytes.count, &message)
            }
            guard count >= 0 else { throw damaged(message.map { String(cString: $0) } ?? "") }
            if count == 0 { return try file.sync() }
            entries.bytes += count
            guard entries.bytes <= limit else {
                throw refused("more than \(ByteText.of(limit)) when it is unpacked, which is the limit")
            }
            if entries.bytes > entries.granted {
                try makeRoom(Self.step)
                entries.granted += Self.step
            }
            try file.write(buffer[..<Int(count)], at: offset)
            offset += count
        }
    }

    private func damaged(_ message: String) -> ServingError {
        ServingError(.dataLoss, "\(name) cannot be unpacked: \(message.prefix(200))")
    }

    private func refused(_ what: String) -> ServingError {
        ServingError(.invalidArgument, "\(name) is refused: it has \(what)")
    }
}
