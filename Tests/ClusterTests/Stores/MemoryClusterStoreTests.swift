import Cluster
import ServingPrimitives
import Testing

@Suite struct MemoryClusterStoreTests {
    private let tree = ClusterTree()
    private let log = EventLog()

    private func store() -> MemoryClusterStore {
        let store = MemoryClusterStore(tree)
        store.start(log.add)
        return store
    }

    @Test func `it keeps a store's contract`() throws {
        let other = MemoryClusterStore(tree)
        other.start { _ in }
        try ClusterStoreContract.check(store(), log, other)
    }

    @Test(arguments: ["", "a", "/a/", "//a", "/a/../b", "/a\u{0}b"])
    func `what is no path is refused`(_ path: String) {
        let store = store()
        #expect(throws: ServingError.self) { try store.contents(of: path) }
        #expect(throws: ServingError.self) { try store.create(path, [], .persistent) }
    }

    @Test func `ephemeral nodes end with their session`() throws {
        let (store, other) = (store(), MemoryClusterStore(tree))
        other.start { _ in }
        #expect(try other.createWithParents("/a/b", [], .ephemeral))
        #expect(throws: ServingError.self) { try other.create("/a/b/c", [], .persistent) }
        let session = try #require(try store.owner(of: "/a/b"))
        #expect(session != 0)
        #expect(try store.owner(of: "/a") == 0)
        other.disconnect()
        #expect(throws: ServingError.self) { try other.contents(of: "/a") }
        #expect(try store.contents(of: "/a/b") == [])
        other.reconnect()
        other.expire()
        #expect(try store.contents(of: "/a/b") == nil)
        other.connect()
        #expect(try other.create("/a/b", [], .ephemeral))
        #expect(try store.owner(of: "/a/b") != session)
        other.close()
        #expect(try store.owner(of: "/a/b") == nil)
    }
}
