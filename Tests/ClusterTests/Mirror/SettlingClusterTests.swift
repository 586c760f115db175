import Cluster
import ServingPrimitives
import Testing

@Suite struct SettlingClusterTests {
    private func known(_ names: [String], _ before: KnownCluster = KnownCluster()) -> KnownCluster {
        var nodes: [String: String] = ["layouts/l": "", "container_service/c:1": #"{"grpc": "a:1"}"#]
        for name in names {
            let part = name.dropFirst(2)
            nodes["layouts/l/\(name)"] = ""
            nodes["saved_models/m/\(part)"] = Deployment.meta
            nodes["binding/m/\(part):c:1"] = ""
        }
        var known = before
        known.update(Deployment.view(nodes), Deployment.scope)
        return known
    }

    private func time(_ seconds: UInt64) -> MonotonicTime {
        MonotonicTime(nanoseconds: (1000 + seconds) * 1_000_000_000)
    }

    private func names(_ cluster: SettlingCluster) -> [String] {
        (cluster.known.layout ?? []).map(\.name.description).sorted()
    }

    @Test func `what comes counts at once, what goes a moment later`() {
        var cluster = SettlingCluster(nanoseconds: 2_000_000_000)
        let both = known(["m:entry", "m:ps_0"])
        #expect(cluster.take(both, at: time(0)) == nil)
        let one = known(["m:entry"], both)
        #expect(cluster.take(one, at: time(1)) == 2_000_000_000)
        #expect(names(cluster) == ["m:entry", "m:ps_0"])
        #expect(cluster.known.routes["m:ps_0"]?.addresses.count == 1)
        #expect(cluster.take(known(["m:entry", "m:ps_1"], one), at: time(2)) == 1_000_000_000)
        #expect(names(cluster) == ["m:entry", "m:ps_0", "m:ps_1"])
        #expect(cluster.take(one, at: time(3)) == 2_000_000_000)
        #expect(names(cluster) == ["m:entry", "m:ps_1"] && cluster.known.routes["m:ps_0"] == nil)
        #expect(cluster.take(one, at: time(5)) == nil)
        #expect(names(cluster) == ["m:entry"])
    }

    @Test func `a layout that is made anew node by node takes nothing away`() {
        let all = ["m:entry", "m:ps_0", "m:ps_1"]
        var known = known(all)
        var cluster = SettlingCluster(nanoseconds: 2_000_000_000)
        _ = cluster.take(known, at: time(0))
        for (second, count) in [(1, 0), (1, 1), (2, 2), (2, 3)] {
            known = self.known(Array(all.prefix(count)), known)
            _ = cluster.take(known, at: time(UInt64(second)))
            #expect(names(cluster) == all && cluster.known.routes.count == 3)
        }
        #expect(cluster.take(known, at: time(9)) == nil)
        #expect(names(cluster) == all)
        // One that goes later has its own moment.
        #expect(cluster.take(self.known(["m:entry"], known), at: time(10)) == 2_000_000_000)
    }

    @Test func `without a layout all counts at once`() {
        var cluster = SettlingCluster()
        #expect(cluster.take(KnownCluster(), at: time(0)) == nil)
        #expect(cluster.take(known([]), at: time(0)) == nil)
        #expect(names(cluster).isEmpty)
    }
}
