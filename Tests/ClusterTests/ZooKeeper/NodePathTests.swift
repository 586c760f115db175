import Cluster
import ServingPrimitives
import Testing

@Suite struct NodePathTests {
    @Test func `nodes of version 3 lie where Monolith has them`() throws {
        let paths = try ClusterPaths(namespace: "demo")
        let name = try #require(SavedModelName("ffm:ps_0"))
        let container = Container(cluster: "unknown;None;None", id: "10.0.0.1")
        #expect(paths.savedModels(of: "ffm") == "/demo/saved_models/ffm")
        #expect(paths.savedModel(name) == "/demo/saved_models/ffm/ps_0")
        #expect(try paths.layout("machine_1") == "/demo/layouts/machine_1")
        #expect(try paths.layout("/any/where") == "/any/where")
        #expect(paths.layoutEntry(name, in: "/any/where") == "/any/where/ffm:ps_0")
        #expect(paths.bindings(of: "ffm") == "/demo/binding/ffm")
        #expect(paths.binding(name, container) == "/demo/binding/ffm/ps_0:unknown;None;None:10.0.0.1")
        #expect(paths.containers == "/demo/container_service")
        #expect(paths.container(container) == "/demo/container_service/unknown;None;None:10.0.0.1")
    }

    @Test(arguments: ["", "/", "a//b", "/a/", "a/../b", ".", "a\u{0}b", "a\u{FFFF}"])
    func `what is no path is refused`(_ pattern: String) throws {
        let paths = try ClusterPaths(namespace: "demo")
        #expect(throws: ServingError.self) { try paths.layout(pattern) }
    }

    @Test(arguments: ["", "a/b", "..", "a\nb", String(repeating: "a", count: 256)])
    func `what is no name space is refused`(_ name: String) {
        #expect(throws: ServingError.self) { try ClusterPaths(namespace: name) }
    }

    @Test(arguments: ["", ":", "a:", ":b", "a", "a:b:c", "a/b:c", "..:a", "a:\u{1}"])
    func `what is no saved model's name is refused`(_ text: String) { #expect(SavedModelName(text) == nil) }

    @Test func `names of bindings may have addresses of IPv6`() throws {
        let binding = try #require(Binding("ps_0:psm;lq;default:fe80::1"))
        #expect(binding == Binding(subGraph: "ps_0", container: Container(cluster: "psm;lq;default", id: "fe80::1")))
        #expect(binding.description == "ps_0:psm;lq;default:fe80::1")
        for text in ["", "ps_0", "ps_0:a", "ps_0::a", ":a:b", "ps_0:a:"] { #expect(Binding(text) == nil) }
    }

    private static let location = ServicePath.Location(dataCentre: "idc", cluster: "cluster")

    @Test(
        arguments: [
            (
                "/z/service/m/idc:cluster/ps:0/1",
                ServicePath(namespace: "z", baseName: "m", location: location, serverType: "ps", index: 0, replicaID: 1)
            ),
            (
                "/z/service/m/idc:cluster/ps:0",
                ServicePath(namespace: "z", baseName: "m", location: location, serverType: "ps", index: 0)
            ),
            (
                "/z/service/m/ps:0/1",
                ServicePath(namespace: "z", baseName: "m", serverType: "ps", index: 0, replicaID: 1)
            ),
            (
                "/z/service/m/ps:0/-1",
                ServicePath(namespace: "z", baseName: "m", serverType: "ps", index: 0, replicaID: -1)
            ),
            ("/z/service/m/ps:0", ServicePath(namespace: "z", baseName: "m", serverType: "ps", index: 0)),
            (
                "/1_2-3/service/2_zm/entry:0/00000000017",
                ServicePath(namespace: "1_2-3", baseName: "2_zm", serverType: "entry", index: 0, replicaID: 17)
            ),
        ]
    )
    func `paths of version 1 are read and written`(_ text: String, _ path: ServicePath) {
        #expect(ServicePath(text) == path)
        #expect(path.description == text)
        #expect(path.task == "\(path.serverType):0")
    }

    @Test(
        arguments: [
            "", "/", "/z", "/z/service/m", "z/service/m/ps:0", "/z/other/m/ps:0", "/z/service/m/ps",
            "/z/service/m/ps:a",
            "/z/service/m/ps:0/a", "/z/service/m/ps:0/1/2", "/z/service/m/a:b/c:d/e", "/z/service/m n/ps:0",
            "/z//service/ps:0",
            "/z/service/m/ps:0/", "/z/service/m/ps:99999999999999999999", "/z/service/m/idc/ps:0/1",
            "/z/service/m/a-b:0",
        ]
    )
    func `other paths are not taken for them`(_ text: String) { #expect(ServicePath(text) == nil) }
}
