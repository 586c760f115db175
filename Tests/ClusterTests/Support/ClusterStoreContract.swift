import Cluster
import ServingPrimitives
import Testing

/// What every store does: for any that is connected, and another session with the same nodes.
enum ClusterStoreContract {
    static func check(_ store: any ClusterStore, _ log: EventLog, _ other: any ClusterStore) throws {
        try checkNodes(store)
        try checkWatches(store, log, other)
        try checkOwners(store, log, other)
    }

    private static func code(_ body: () throws -> Void) -> CanonicalCode? {
        do {
            try body()
            return nil
        } catch {
            return (error as? ServingError)?.code
        }
    }

    private static func checkNodes(_ store: any ClusterStore) throws {
        #expect(code { _ = try store.create("/a/b", [1], .persistent) } == .notFound)
        #expect(try store.createWithParents("/a/b/c", [1], .persistent))
        #expect(try !store.createWithParents("/a/b/c", [2], .persistent))
        #expect(try store.contents(of: "/a/b/c") == [1])
        #expect(try store.contents(of: "/a") == [])
        #expect(try store.contents(of: "/x") == nil)
        #expect(try store.children(of: "/a") == ["b"])
        #expect(try store.children(of: "/x") == nil)
        #expect(try store.set("/a/b/c", [3]))
        #expect(try store.contents(of: "/a/b/c") == [3])
        #expect(try !store.set("/x", [3]))
        #expect(code { _ = try store.delete("/a/b") } == .failedPrecondition)
        #expect(code { _ = try store.contents(of: "/a/../b") } == .invalidArgument)
        #expect(try store.delete("/a/b/c"))
        #expect(try !store.delete("/a/b/c"))
        try store.put("/p/q", [1])
        try store.put("/p/q", [])
        #expect(try store.contents(of: "/p/q") == [])
        let large = [UInt8](repeating: 7, count: 900_000)
        try store.put("/p/q", large)
        #expect(try store.contents(of: "/p/q") == large)
    }

    private static func checkWatches(_ store: any ClusterStore, _ log: EventLog, _ other: any ClusterStore) throws {
        try other.put("/w/b", [1])
        _ = try store.contents(of: "/w/b")
        _ = try store.children(of: "/w")
        _ = try store.contents(of: "/later")
        _ = try store.children(of: "/later2")
        _ = log.take()
        try other.put("/w/b", [2])
        #expect(log.waits(for: .changed(path: "/w/b")))
        try other.put("/w/c", [])
        #expect(log.waits(for: .changed(path: "/w")))
        try other.put("/later", [])
        #expect(log.waits(for: .changed(path: "/later")))
        try other.put("/later2", [])
        #expect(log.waits(for: .changed(path: "/later2")))
        // Nobody has read them since.
        try other.put("/w/b", [3])
        try other.put("/w/d", [])
        #expect(log.take() == [])
    }

    private static func checkOwners(_ store: any ClusterStore, _ log: EventLog, _ other: any ClusterStore) throws {
        #expect(try other.createWithParents("/o/e", [1], .ephemeral))
        #expect(code { _ = try other.create("/o/e/x", [], .persistent) } == .failedPrecondition)
        #expect(try store.owner(of: "/o") == 0)
        #expect(try store.owner(of: "/x") == nil)
        let owner = try #require(try store.owner(of: "/o/e"))
        #expect(owner != 0)
        #expect(try store.contents(of: "/o/e") == [1])
        _ = log.take()
        other.close()
        #expect(log.waits(for: .changed(path: "/o/e")))
        #expect(try store.owner(of: "/o/e") == nil)
        #expect(code { _ = try other.contents(of: "/o") } == .unavailable)
    }
}
