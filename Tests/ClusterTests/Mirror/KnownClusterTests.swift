import Cluster
import Testing

@Suite struct KnownClusterTests {
    private func known(_ states: [[String: String]]) -> KnownCluster {
        var known = KnownCluster()
        for nodes in states { known.update(Deployment.view(nodes), Deployment.scope) }
        return known
    }

    private func without(_ prefixes: String...) -> [String: String] {
        Deployment.two.filter { node in !prefixes.contains { node.key.hasPrefix($0) } }
    }

    private let entry = KnownCluster.Route([Deployment.address("a:1")])
    private let shard = KnownCluster.Route([Deployment.address("b:2")])
    private let stale = KnownCluster.Route([Deployment.address("b:2")], isStale: true)

    @Test func `what the store says is known`() {
        let known = known([Deployment.two])
        #expect(known.routes == ["m:entry": entry, "m:ps_0": shard])
        #expect(known.layout?.count == 2 && !known.isLayoutStale)
    }

    @Test func `the last replica is asked on though its node is gone`() {
        let gone = known([Deployment.two, without("binding/m/ps_0")])
        #expect(gone.routes == ["m:entry": entry, "m:ps_0": stale])
        #expect(known([Deployment.two, without("binding/m/ps_0"), Deployment.two]).routes["m:ps_0"] == shard)
    }

    @Test func `a store that has lost everything takes nothing away`() {
        let known = known([Deployment.two, [:]])
        #expect(known.isLayoutStale && known.layout?.map(\.meta?.basePath) == ["/e", "/e"])
        #expect(known.routes["m:ps_0"] == stale)
    }

    @Test func `what is taken out of the layout is given up`() {
        let known = known([Deployment.two, without("layouts/l/m:ps_0", "binding/m/ps_0")])
        #expect(known.layout?.map(\.name.description) == ["m:entry"])
        #expect(known.routes == ["m:entry": entry])
        #expect(self.known([Deployment.two, ["layouts/l": ""]]).layout == [])
    }

    @Test func `a model whose node is damaged or gone is where it was`() {
        var nodes = Deployment.two
        nodes["saved_models/m/ps_0"] = "{"
        #expect(known([Deployment.two, nodes]).layout?.map(\.meta?.basePath) == ["/e", "/e"])
        #expect(known([nodes]).layout?.map(\.meta?.basePath) == ["/e", nil])
        #expect(known([Deployment.two, without("saved_models/m/ps_0")]).layout?.last?.meta?.basePath == "/e")
    }
}
