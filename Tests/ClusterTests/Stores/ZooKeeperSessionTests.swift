import Cluster
import ServingPrimitives
import Testing

/// With a real ZooKeeper. Waits are for a condition; nothing is asserted of how long anything takes.
@Suite(.serialized, .enabled(if: ZooKeeperProcess.isInstalled, "Debian's zookeeper and libzookeeper-mt2 are not here"))
struct ZooKeeperSessionTests {
    private static let minute: UInt64 = 60_000_000_000

    private func session(_ server: ZooKeeperProcess, identity: String? = nil) throws -> ZooKeeperSession {
        var settings = ZooKeeperSession.Settings(servers: try ZooKeeperServers(server.address), identity: identity)
        settings.requestTimeoutMilliseconds = 30_000
        settings.sessionTimeoutMilliseconds = 3000
        return try ZooKeeperSession(settings)
    }

    @Test func `it keeps a store's contract`() throws {
        let server = try ZooKeeperProcess()
        let (store, other, log) = (try session(server), try session(server), EventLog())
        try other.startAndWait(nanoseconds: Self.minute)
        store.start(log.add)
        defer { store.close() }
        let isConnected = log.waits { event in
            if case .state(.connected) = event { true } else { false }
        }
        #expect(isConnected)
        try ClusterStoreContract.check(store, log, other)
    }

    @Test func `nodes of an identity are changed by the same one only`() throws {
        let server = try ZooKeeperProcess()
        let (mine, same, other) = (
            try session(server, identity: "me:secret"), try session(server, identity: "me:secret"),
            try session(server, identity: "me:other")
        )
        for store in [mine, same, other] { try store.startAndWait(nanoseconds: Self.minute) }
        defer { for store in [mine, same, other] { store.close() } }
        try mine.put("/a/b", [1])
        #expect(try other.contents(of: "/a/b") == [1])
        let error = #expect(throws: ServingError.self) { try other.set("/a/b", [2]) }
        #expect(error?.code == .permissionDenied)
        #expect(try same.set("/a/b", [3]))
    }

    @Test func `a member of a server that is lost, and comes back with nothing, registers again`() throws {
        let server = try ZooKeeperProcess()
        let publisher = try session(server)
        try publisher.startAndWait(nanoseconds: Self.minute)
        for (path, contents) in Deployment.two.sorted(by: { $0.key < $1.key }) {
            try publisher.put("/z/\(path)", Array(contents.utf8))
        }
        publisher.close()
        let box = StatusBox()
        let member = ClusterMember(try session(server), Deployment.scope, onChange: box.set)
        member.start()
        defer { member.close() }
        let name = Deployment.name("m:ps_0")
        let container = Container(cluster: "c", id: "9")
        member.register(
            RegisteredNode.container(container, ContainerService(grpc: "n:9"), available: [name], Deployment.paths)
        )
        let before = try #require(box.wait { $0.known.routes["m:ps_0"]?.addresses.count == 2 })

        server.kill()
        _ = try #require(box.wait { !$0.isCurrent })
        #expect(member.currentStatus.known == before.known)
        try server.forgetEverything()
        try server.start()
        let after = try #require(box.wait { $0.isCurrent && $0.registered.count == 2 && $0.known.isLayoutStale })
        #expect(after.known.layout == before.known.layout)
        #expect(after.known.routes["m:ps_0"]?.addresses == before.known.routes["m:ps_0"]?.addresses)

        let witness = try session(server)
        try witness.startAndWait(nanoseconds: Self.minute)
        defer { witness.close() }
        #expect(try witness.owner(of: Deployment.paths.binding(name, container)) != nil)
        #expect(try witness.owner(of: Deployment.paths.container(container)) != nil)
    }

    @Test func `a server that is not there is said`() throws {
        let server = try ZooKeeperProcess()
        server.kill()
        let store = try session(server)
        let error = #expect(throws: ServingError.self) { try store.startAndWait(nanoseconds: 300_000_000) }
        #expect(error?.code == .unavailable)
    }

    @Test(arguments: ["", "me", ":secret", "me:", "a:b\u{0}"])
    func `what is no identity is refused`(_ identity: String) throws {
        let settings = ZooKeeperSession.Settings(servers: try ZooKeeperServers("127.0.0.1:1"), identity: identity)
        let error = #expect(throws: ServingError.self) { try ZooKeeperSession(settings) }
        #expect(error?.code == .invalidArgument)
    }
}
