import ServingPrimitives
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A folder that stands for a version's own: its graph says other devices, everything else in it is a link.
final class ShadowFolder: Sendable {
    let path: String
    private let owner: ShadowFolders
    private let isRemoved = Atomic<Bool>(false)

    init(path: String, owner: ShadowFolders) {
        self.path = path
        self.owner = owner
    }

    /// Removes the folder. Takes effect once.
    func remove() {
        guard !isRemoved.exchange(true, ordering: .acquiringAndReleasing) else { return }
        owner.remove(self)
    }

    deinit { remove() }
}

extension ShadowFolder {
    private static let graph = "saved_model.pb"
    /// Names that a version's folder may have: those of a model are a handful.
    private static let maximumCount = 10_000

    /// Fills the folder.
    ///
    /// - Throws: `UNIMPLEMENTED` where the graph is in another format than `saved_model.pb`; what the system says.
    func fill(from version: String, device: DeviceName) throws(ServingError) {
        guard let names = LocalFolder.names(in: version), names.count <= Self.maximumCount else {
            throw .notFound("the folder \(version) cannot be read, or has more than \(Self.maximumCount) files")
        }
        guard names.contains(Self.graph) else {
            throw ServingError(
                .unimplemented,
                "a model can be put on the device \(device) when its graph is in saved_model.pb, and \(version) has none; "
                    + "write it in that format, or serve it without placement"
            )
        }
        for name in names where name != Self.graph {
            guard symlink("\(version)/\(name)", "\(path)/\(name)") == 0 else {
                throw .unavailable("cannot link \(version)/\(name) in \(path): \(String(cString: strerror(errno)))")
            }
        }
        try writeGraph("\(version)/\(Self.graph)", device)
    }

    private func writeGraph(_ original: String, _ device: DeviceName) throws(ServingError) {
        let bytes = try LocalFile.contents(of: original, limit: Int(Int32.max))
        let file = open("\(path)/\(Self.graph)", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure() }
        defer { close(file) }
        let result = bytes.withUnsafeBytes { bytes in
            Result { () throws(ServingError) in
                var writer = FileWriter(file)
                do throws(ServingError) {
                    try DeviceRewrite(bytes, device: device).write { (piece) throws(ServingError) in
                        guard writer.append(piece) else { throw failure() }
                    }
                } catch  where error.code == .invalidArgument {
                    throw .invalidArgument("\(original) cannot be put on a device: \(error.message)")
                }
                guard writer.flush() else { throw failure() }
            }
        }
        try result.get()
    }

    private func failure() -> ServingError {
        .unavailable("cannot write \(path)/\(Self.graph): \(String(cString: strerror(errno)))")
    }
}

/// Gathers small pieces for a file.
private struct FileWriter {
    private let file: CInt
    private var buffer: [UInt8] = []

    init(_ file: CInt) {
        self.file = file
        buffer.reserveCapacity(1 << 20)
    }

    /// - Returns: false where the system refuses, with its reason in `errno`.
    mutating func append(_ piece: UnsafeRawBufferPointer) -> Bool {
        if buffer.count + piece.count > 1 << 20, !flush() { return false }
        guard piece.count < 1 << 18 else { return Self.writeAll(piece, to: file) }
        buffer += piece
        return true
    }

    mutating func flush() -> Bool {
        defer { buffer.removeAll(keepingCapacity: true) }
        return buffer.withUnsafeBytes { Self.writeAll($0, to: file) }
    }

    private static func writeAll(_ bytes: UnsafeRawBufferPointer, to file: CInt) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = write(file, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}
