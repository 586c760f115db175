#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// What tells that files are others than before, without reading them. Links are followed, as mounted secrets are
/// renewed by switching a link.
struct FileStamps: Hashable, Sendable {
    private struct Stamp: Hashable {
        var device: UInt
        var number: UInt
        var byteCount: Int
        // Not the modification time, which copies may keep.
        var changeSeconds: Int
        var changeNanoseconds: Int
    }

    private let stamps: [Stamp?]

    init(of paths: [String]) {
        stamps = paths.map { path in
            var info = stat()
            guard stat(path, &info) == 0 else { return nil }
            return Stamp(
                device: UInt(info.st_dev),
                number: UInt(info.st_ino),
                byteCount: Int(info.st_size),
                changeSeconds: info.st_ctim.tv_sec,
                changeNanoseconds: info.st_ctim.tv_nsec
            )
        }
    }
}
