import Cluster
import ServingPrimitives
import Testing

@Suite struct RegistrationTests {
    private func node(_ path: String, _ contents: [UInt8] = []) -> RegisteredNode {
        RegisteredNode(path: path, contents: contents)
    }

    private func registration(_ present: [RegisteredNode], session: Int64? = 1) -> Registration {
        var registration = Registration()
        if let session { registration.begin(session: session) }
        for node in present { registration.done(.create(node)) }
        return registration
    }

    struct Case: Sendable {
        let present: [RegisteredNode]
        let desired: [RegisteredNode]
        let actions: [Registration.Action]
    }

    private static let (a, b) = (
        RegisteredNode(path: "/a", contents: [1]), RegisteredNode(path: "/b", contents: [])
    )
    private static let changed = RegisteredNode(path: "/a", contents: [2])

    @Test(
        arguments: [
            Case(present: [], desired: [], actions: []),
            Case(present: [], desired: [b, a], actions: [.create(b), .create(a)]),
            Case(present: [a, b], desired: [a, b], actions: []),
            Case(present: [a, b], desired: [changed, b], actions: [.set(changed)]),
            Case(present: [a, b], desired: [], actions: [.delete(path: "/b"), .delete(path: "/a")]),
            Case(present: [a], desired: [b], actions: [.create(b), .delete(path: "/a")]),
        ]
    )
    func `what differs is done`(_ example: Case) {
        #expect(registration(example.present).actions(example.desired) == example.actions)
    }

    @Test func `without a session there is nothing to do`() {
        #expect(registration([], session: nil).actions([node("/a")]).isEmpty)
    }

    @Test func `a new session has nothing, the same one everything`() {
        var registration = registration([node("/a")])
        registration.begin(session: 1)
        #expect(registration.actions([node("/a")]).isEmpty)
        registration.begin(session: 2)
        #expect(registration.actions([node("/a")]) == [.create(node("/a"))])
    }

    @Test func `where a container answers is there before what it serves`() {
        let nodes = RegisteredNode.container(
            Container(cluster: "c", id: "1"),
            ContainerService(grpc: "a:1"),
            available: [Deployment.name("m:ps_0")],
            Deployment.paths
        )
        #expect(nodes.map(\.path) == ["/z/container_service/c:1", "/z/binding/m/ps_0:c:1"])
        #expect(nodes.last?.contents == [])
    }

    @Test func `a node of the process before is replaced, so that it stays`() throws {
        let tree = ClusterTree()
        let (before, store) = (MemoryClusterStore(tree), MemoryClusterStore(tree))
        before.start { _ in }
        _ = try before.createWithParents("/x/a", [1], .ephemeral)
        let log = EventLog()
        store.start(log.add)
        guard case .state(.connected(let session)) = log.take().first else {
            Issue.record("it is not connected")
            return
        }
        var registration = Registration()
        registration.begin(session: session)
        try registration.apply([node("/x/a", [2]), node("/y/b")], store)
        before.close()
        #expect(try store.contents(of: "/x/a") == [2])
        #expect(try store.owner(of: "/x/a") == session && store.owner(of: "/y/b") == session)
        #expect(registration.present.keys.sorted() == ["/x/a", "/y/b"])

        _ = try store.delete("/y/b")
        try registration.verify(store)
        #expect(registration.present.keys.sorted() == ["/x/a"])
        try registration.apply([node("/x/a", [3]), node("/y/b")], store)
        #expect(try store.contents(of: "/x/a") == [3] && store.contents(of: "/y/b") == [])
        try registration.apply([], store)
        #expect(try store.children(of: "/x") == [])
    }
}
