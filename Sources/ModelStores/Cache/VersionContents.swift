import ServingPrimitives

/// The files of a version in the cache: a line `SHA256 SIZE PATH` for each.
struct VersionContents: Hashable {
    struct File: Hashable {
        var path: String
        var digest: SHA256Digest
        var size: Int64
    }

    var files: [File] = []

    init(_ files: [File] = []) { self.files = files }

    /// `nil` for what is no such list: a version without one is not complete.
    init?(_ bytes: [UInt8]) {
        for line in bytes.split(separator: 0x0A) {
            guard let text = String(validating: line, as: UTF8.self) else { return nil }
            let parts = text.split(separator: " ", maxSplits: 2)
            guard parts.count == 3, let digest = SHA256Digest(hexadecimal: parts[0]), let size = Int64(parts[1]),
                size >= 0, SafePath.isBelow(String(parts[2]))
            else { return nil }
            files.append(File(path: String(parts[2]), digest: digest, size: size))
        }
    }

    var bytes: [UInt8] {
        Array(files.sorted { $0.path < $1.path }.map { "\($0.digest) \($0.size) \($0.path)\n" }.joined().utf8)
    }
}
