import CStoreLibraries
import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The checksums of a file, all by one reading.
struct FileDigests: Hashable {
    var size: Int64 = 0
    var sha256: SHA256Digest
    /// `nil` where libcrypto has none.
    var md5: [UInt8]?
    var crc32c: UInt32?

    /// - Parameter kinds: those that are wanted besides SHA-256.
    init(
        of path: String,
        besides kinds: [StoredFile.Checksum],
        followsLinks: Bool = false
    ) throws(ServingError) {
        try StoreLibrary.crypto.open()
        let wantsMD5 = kinds.contains { if case .md5 = $0 { true } else { false } }
        let wantsCRC = kinds.contains { if case .crc32c = $0 { true } else { false } }
        guard let sha256 = cst_digest_begin(cst_sha256) else {
            throw .failedPrecondition("libcrypto has no SHA-256")
        }
        let md5 = wantsMD5 ? cst_digest_begin(cst_md5) : nil
        var crc: UInt32 = 0
        var size: Int64 = 0
        let outcome = Result { () throws(ServingError) in
            try Self.read(path, followsLinks) { part in
                size += Int64(part.count)
                cst_digest_update(sha256, part.baseAddress, part.count)
                if let md5 { cst_digest_update(md5, part.baseAddress, part.count) }
                if wantsCRC { crc = CRC32C.checksum(part, continuing: crc) }
            }
        }
        // Also after a failure: they end the contexts.
        let digest = Self.end(sha256, 32)
        self.md5 = md5.map { Self.end($0, 16) }
        try outcome.get()
        guard let digest = SHA256Digest(bytes: digest) else { throw .internalError("a digest of another size") }
        (self.sha256, self.size, crc32c) = (digest, size, wantsCRC ? crc : nil)
    }

    /// What does not agree, for a person to read; `nil` when all does.
    func contradiction(of checksums: [StoredFile.Checksum]) -> String? {
        for checksum in checksums {
            switch checksum {
            case .md5(let expected):
                guard let md5, md5 != expected else { continue }
                return "its MD5 is \(Self.hexadecimal(md5)); the store has \(Self.hexadecimal(expected))"
            case .crc32c(let expected):
                guard let crc32c, crc32c != expected else { continue }
                return "its CRC-32C is \(crc32c); the store has \(expected)"
            case .sha256(let expected):
                guard sha256 != expected else { continue }
                return "its SHA-256 is \(sha256); expected \(expected)"
            }
        }
        return nil
    }

    private static func end(_ context: UnsafeMutableRawPointer, _ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { bytes, used in
            // It has an address, as its count is not 0.
            cst_digest_end(context, bytes.baseAddress!)
            used = count
        }
    }

    private static func read(
        _ path: String,
        _ followsLinks: Bool,
        _ body: (UnsafeRawBufferPointer) -> Void
    ) throws(ServingError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | (followsLinks ? 0 : O_NOFOLLOW))
        guard descriptor >= 0 else { throw LocalFiles.failure("open", path) }
        defer { close(descriptor) }
        var chunk = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = chunk.withUnsafeMutableBytes { systemRead(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw LocalFiles.failure("read", path) }
            if count == 0 { return }
            chunk.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
    }

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

/// The system's function, where a member of the same name hides it.
private func systemRead(_ descriptor: CInt, _ start: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    read(descriptor, start, count)
}
