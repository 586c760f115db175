import Servables
import ServingPrimitives
import ServingTestKit
import Testing

@Suite struct ServableManagerTests {
    @Test func `an aspired version becomes available and is unloaded by shutdown`() async throws {
        let model = FakeModel.halfPlusTwo()
        let manager = ServableManager(loaders: FakeLoaderFactory(["m": model]))
        let (states, continuation) = AsyncStream<ServableState>.makeStream()
        manager.observe { _, status in continuation.yield(status.state) }
        manager.aspire(
            AspiredVersions(
                model: "m",
                versions: [AspiredVersion(id: ServableID(name: "m", version: 1), path: "")]
            )
        )
        var seen: [ServableState] = []
        for await state in states {
            seen.append(state)
            if state == .available { break }
        }
        #expect(seen == [.start, .loading, .available])
        #expect(try manager.lease("m", .latest).id.version == 1)
        await manager.shutdown()
        #expect(manager.status(of: "m") == [VersionStatus(version: 1, state: .end)])
        #expect(model.isClosed)
    }
}
