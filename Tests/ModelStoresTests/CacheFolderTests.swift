import ServingPrimitives
import Testing

@testable import ModelStores

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

@Suite struct CacheFolderTests {
    private final class Folder {
        let path: String

        init() {
            var template = Array("/tmp/apus-test-XXXXXX".utf8CString)
            path = String(cString: mkdtemp(&template))
        }

        deinit { LocalFiles.remove(path) }
    }

    private let folder = Folder()

    private func cache(limit: Int64 = 1_000) throws -> CacheFolder {
        try CacheFolder(folder.path + "/cache", limit: limit, now: 1_000_000_000_000_000_000)
    }

    /// A version of one file of so many bytes.
    private func publish(_ key: String, _ cache: CacheFolder, bytes: Int, of byte: UInt8 = 1) throws -> String {
        let content = [UInt8](repeating: byte, count: bytes)
        let digest = SHA256Digest(of: content)
        try LocalFiles.makeFolder(cache.partial(key) + "/tree")
        try LocalFiles.write(content, to: cache.partial(key) + "/0.data")
        try cache.adopt(cache.partial(key) + "/0.data", digest, as: cache.partial(key) + "/tree/a/f")
        let contents = VersionContents([.init(path: "a/f", digest: digest, size: Int64(bytes))])
        return try cache.publish(key, tree: cache.partial(key) + "/tree", contents, origin: "s3://b/m/1")
    }

    @Test func `a version that was put together is found, also by the next process`() throws {
        var first: CacheFolder? = try cache()
        let path = try publish("k", try #require(first), bytes: 10)
        #expect(first?.files(of: "k") == path)
        #expect(LocalFiles.size(of: path + "/a/f") == 10)
        #expect(first?.files(of: "other") == nil)
        first = nil
        #expect(try cache().files(of: "k") == path)
    }

    @Test func `one whose files have become shorter since is removed`() throws {
        var first: CacheFolder? = try cache()
        let path = try publish("k", try #require(first), bytes: 10)
        first = nil
        LocalFiles.remove(path + "/a/f")
        try LocalFiles.write([1], to: path + "/a/f")
        let second = try cache()
        #expect(second.files(of: "k") == nil)
        #expect(LocalFiles.modified(path) == nil)
    }

    @Test func `versions share files of the same content`() throws {
        let cache = try cache()
        _ = try publish("k", cache, bytes: 600)
        _ = try publish("l", cache, bytes: 600)
        #expect(cache.usedBytes == 600)
    }

    @Test func `room is made by removing what nobody needs, longest unused first`() throws {
        let cache = try cache()
        let old = try publish("old", cache, bytes: 400, of: 1)
        let new = try publish("new", cache, bytes: 400, of: 2)
        var times = [timespec(tv_sec: 7, tv_nsec: 0), timespec(tv_sec: 7, tv_nsec: 0)]
        utimensat(AT_FDCWD, String(old.dropLast("/files".count)), &times, 0)
        try cache.makeRoom(for: 500, keeping: [], "m")
        #expect(cache.files(of: "old") == nil)
        #expect(cache.files(of: "new") == new)
        #expect(cache.usedBytes == 400)
    }

    @Test func `what is needed stays, and who asks is told both figures`() throws {
        let cache = try cache()
        _ = try publish("k", cache, bytes: 600)
        let error = #expect(throws: ServingError.self) { try cache.makeRoom(for: 401, keeping: ["k"], "s3://b/m/2") }
        #expect(error?.code == .resourceExhausted)
        #expect(
            error?.message
                == "s3://b/m/2 needs 401 bytes in the store cache \(cache.path), of whose 1.0 kB 600 bytes are in use "
                + "(--store-cache-bytes)"
        )
    }

    @Test func `one process has the cache at a time`() throws {
        let first = try cache()
        let error = #expect(throws: ServingError.self) { try cache() }
        #expect(error?.message.hasPrefix("another process uses the store cache \(first.path)") == true)
    }

    @Test func `what an earlier process left undone is kept for a week, and files that nothing has are not`() throws {
        var first: CacheFolder? = try cache()
        try LocalFiles.makeFolder(folder.path + "/cache/partial/k")
        try LocalFiles.write([1], to: folder.path + "/cache/blobs/x")
        first = nil
        _ = first
        let second = try CacheFolder(folder.path + "/cache", limit: 0, now: 0)
        #expect(LocalFiles.modified(second.partial("k")) != nil)
        #expect(LocalFiles.size(of: folder.path + "/cache/blobs/x") == nil)
    }
}
