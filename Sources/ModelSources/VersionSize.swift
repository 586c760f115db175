/// How large the files of a version are, and by what they are known again.
public struct VersionSize: Sendable, Hashable {
    /// Of the shards of its variables: what they take in memory, too.
    public var variableBytes = 0
    /// Of the graph, or of the whole model where it is one file.
    public var graphBytes = 0
    /// Of everything else, vocabularies mostly.
    public var otherBytes = 0
    /// Another one when a file comes, goes or changes; the same in another process.
    public var fingerprint: UInt64 = 0xCBF2_9CE4_8422_2325

    /// Looks at the folder and everything in it. What cannot be read counts nothing.
    public init(of path: String, in source: some FileSystem = LocalFileSystem()) {
        for (name, status) in FolderTree(path, in: source).files.sorted(by: { $0.key < $1.key }) {
            mix(name.utf8)
            mix(withUnsafeBytes(of: status.modified.littleEndian) { Array($0) })
            guard !status.isFolder else { continue }
            let bytes = Int(clamping: max(status.byteCount, 0))
            mix(withUnsafeBytes(of: status.byteCount.littleEndian) { Array($0) })
            if name.hasPrefix("variables/") {
                variableBytes += bytes
            } else if name.hasPrefix("saved_model.") || name.hasSuffix(".tflite") {
                graphBytes += bytes
            } else {
                otherBytes += bytes
            }
        }
    }

    /// FNV-1a.
    private mutating func mix(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { fingerprint = (fingerprint ^ UInt64(byte)) &* 0x100_0000_01B3 }
    }
}
