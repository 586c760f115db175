import Cluster
import ServingPrimitives
import Testing

/// Waits are for a condition; nothing is asserted of how long anything takes.
@Suite struct ClusterMemberTests {
    private let tree = ClusterTree()

    private func publisher() throws -> MemoryClusterStore {
        let store = MemoryClusterStore(tree)
        store.start { _ in }
        for (path, contents) in Deployment.two.sorted(by: { $0.key < $1.key }) {
            try store.put("/z/\(path)", Array(contents.utf8))
        }
        return store
    }

    @Test func `members see each other, and what changes`() throws {
        let publisher = try publisher()
        let (store, box) = (MemoryClusterStore(tree), StatusBox())
        let member = ClusterMember(store, Deployment.scope, onChange: box.set)
        member.start()
        defer { member.close() }
        _ = try #require(box.wait { $0.isCurrent && $0.known.routes.count == 2 })
        try publisher.put("/z/container_service/c:2", Array(#"{"grpc": "b:3"}"#.utf8))
        _ = try #require(box.wait { $0.known.routes["m:ps_0"]?.addresses.first?.port == 3 })
        try publisher.put("/z/layouts/l/m:ps_1", [])
        _ = try #require(box.wait { $0.known.layout?.count == 3 })
    }

    @Test func `what is registered comes back with a new session, and goes with the member`() throws {
        let publisher = try publisher()
        let (store, box) = (MemoryClusterStore(tree), StatusBox())
        let member = ClusterMember(store, Deployment.scope, onChange: box.set)
        member.start()
        let container = Container(cluster: "c", id: "9")
        let path = Deployment.paths.binding(Deployment.name("m:ps_0"), container)
        member.register(
            RegisteredNode.container(
                container,
                ContainerService(grpc: "n:9"),
                available: [Deployment.name("m:ps_0")],
                Deployment.paths
            )
        )
        _ = try #require(box.wait { $0.known.routes["m:ps_0"]?.addresses.count == 2 })
        let first = try #require(try publisher.owner(of: path))
        store.expire()
        _ = try #require(box.wait { $0.store == .expired })
        #expect(member.currentStatus.known.routes["m:ps_0"]?.addresses.count == 2)
        store.connect()
        _ = try #require(box.wait { $0.isCurrent && $0.registered.count == 2 })
        let second = try #require(try publisher.owner(of: path))
        #expect(second != first)
        member.close()
        #expect(try publisher.owner(of: path) == nil)
    }

    @Test func `a store that is away, and comes back empty, takes nothing away`() throws {
        let publisher = try publisher()
        let (store, box) = (MemoryClusterStore(tree), StatusBox())
        let member = ClusterMember(store, Deployment.scope, onChange: box.set)
        member.start()
        defer { member.close() }
        let before = try #require(box.wait { $0.isCurrent && $0.known.routes.count == 2 })
        store.disconnect(reason: "gone")
        let away = try #require(box.wait { $0.store == .connecting(reason: "gone") })
        #expect(!away.isCurrent && away.known == before.known)
        for path in Deployment.two.keys { _ = try publisher.delete("/z/\(path)") }
        _ = try publisher.delete("/z/layouts/l")
        store.reconnect()
        let after = try #require(box.wait { $0.isCurrent && $0.known.isLayoutStale })
        #expect(after.known.routes.values.allSatisfy(\.isStale) && after.known.routes.count == 2)
        #expect(after.known.layout == before.known.layout)
    }
}
