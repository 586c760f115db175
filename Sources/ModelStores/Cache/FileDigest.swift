import ModelSources
public import ServingPrimitives

/// The SHA-256 of a file of this machine.
public enum FileDigest {
    /// By libcrypto where the system has it, which is several times faster. Blocks.
    ///
    /// - Returns: `nil` for what cannot be read.
    public static func sha256(of path: String) -> SHA256Digest? {
        if let digests = try? FileDigests(of: path, besides: [], followsLinks: true) { return digests.sha256 }
        return try? LocalFileSystem().digest(of: path)
    }
}
