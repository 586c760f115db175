import Cluster
import ServingPrimitives
import Testing

@Suite struct ClusterViewTests {
    private func routes(_ nodes: [String: String]) -> [String: [String]] {
        Deployment.view(nodes).replicas.mapValues { $0.map(\.description) }
    }

    @Test func `a layout tells what is served and where`() {
        let view = Deployment.view(Deployment.two)
        #expect(view.layout?.map(\.name.description) == ["m:entry", "m:ps_0"])
        #expect(view.layout?.map(\.meta?.basePath) == ["/e", "/e"])
        #expect(routes(Deployment.two) == ["m:entry": ["a:1"], "m:ps_0": ["b:2"]])
        #expect(view.warnings.isEmpty)
    }

    @Test func `a model's replicas are known without a layout`() {
        let nodes = Deployment.two.filter { !$0.key.hasPrefix("layouts") && !$0.key.hasPrefix("saved_models") }
        let others = ["binding/n/ps_0:c:1": ""]
        let scope = ClusterScope.model(Deployment.paths, "m")
        let view = ClusterView(Deployment.nodes(nodes.merging(others) { own, _ in own }), scope)
        #expect(view.layout == nil && view.warnings == [])
        #expect(view.replicas.mapValues { $0.map(\.description) } == ["m:entry": ["a:1"], "m:ps_0": ["b:2"]])
        var known = KnownCluster()
        known.update(view, scope)
        known.update(ClusterView(Deployment.nodes([:]), scope), scope)
        #expect(known.routes.values.allSatisfy(\.isStale) && known.routes.count == 2)
    }

    struct Case: Sendable, CustomStringConvertible {
        let description: String
        let changes: [String: String?]
        let routes: [String: [String]]
        var warnings = 0
    }

    private static let cases = [
        Case(
            description: "a second replica, in the addresses' order, each once",
            changes: [
                "binding/m/ps_0:c:1": "", "binding/m/ps_0:d:3": "", "container_service/d:3": #"{"grpc": "b:2"}"#,
            ],
            routes: ["m:entry": ["a:1"], "m:ps_0": ["a:1", "b:2"]]
        ),
        Case(
            description: "a container that does not say yet where it answers",
            changes: ["container_service/c:2": nil],
            routes: ["m:entry": ["a:1"]]
        ),
        Case(
            description: "an address that stands for none",
            changes: ["container_service/c:2": #"{"grpc": "0.0.0.0:1"}"#],
            routes: ["m:entry": ["a:1"]],
            warnings: 1
        ),
        Case(
            description: "a container that is no JSON",
            changes: ["container_service/c:2": "{"],
            routes: ["m:entry": ["a:1"]],
            warnings: 1
        ),
        Case(
            description: "a binding that is none",
            changes: ["binding/m/ps_0": ""],
            routes: ["m:entry": ["a:1"], "m:ps_0": ["b:2"]],
            warnings: 1
        ),
        Case(
            description: "a wrong name in the layout",
            changes: ["layouts/l/x": ""],
            routes: ["m:entry": ["a:1"], "m:ps_0": ["b:2"]],
            warnings: 1
        ),
        Case(
            description: "a model of another layout",
            changes: ["binding/other/ps_0:c:1": "", "saved_models/other/ps_0": Deployment.meta],
            routes: ["m:entry": ["a:1"], "m:ps_0": ["b:2"]]
        ),
    ]

    @Test(arguments: cases)
    func `nodes make routes`(_ example: Case) {
        var nodes = Deployment.two
        for (path, contents) in example.changes { nodes[path] = contents }
        #expect(routes(nodes) == example.routes)
        #expect(Deployment.view(nodes).warnings.count == example.warnings)
    }

    @Test func `a layout that is empty is not one that is missing`() {
        #expect(Deployment.view(["layouts/l": ""]).layout == [])
        #expect(Deployment.view([:]).layout == nil)
    }

    @Test func `version 1 asks available replicas of its place only`() {
        func meta(_ address: String, _ state: Int) -> String {
            #"{"address": "\#(address)", "address_ipv6": "[::2]:9", "stat": \#(state)}"#
        }
        let nodes = Deployment.nodes([
            "service/m/ps:0/0": meta("a:1", 30), "service/m/ps:0/1": meta("b:2", 20),
            "service/m/ps:1/0": meta("0.0.0.0:1", 30), "service/m/entry:0/00000000001": meta("c:3", 30),
            "service/m/lf:x/ps:0/0": meta("d:4", 30), "service/other/ps:0/0": meta("e:5", 30),
            "service/m/ps:0/x": "", "service/m/nonsense": "",
        ])
        func routes(_ location: ServicePath.Location?, ipv6: Bool = false) -> [String: [String]] {
            let scope = ClusterScope.service(namespace: "z", baseName: "m", location: location)
            let view = ClusterView(nodes, scope, preferringIPv6: ipv6)
            return view.replicas.mapValues { $0.map(\.description) }
        }
        #expect(routes(nil) == ["ps_0": ["a:1"], "ps_1": ["[::2]:9"], "entry": ["c:3"]])
        #expect(routes(nil, ipv6: true)["ps_0"] == ["[::2]:9"])
        #expect(routes(ServicePath.Location(dataCentre: "lf", cluster: "x")) == ["ps_0": ["d:4"]])
    }

    @Test func `readings lead from the layout to the containers`() {
        let scope = Deployment.scope
        #expect(scope.readings(MirroredNodes()) == [.children("/z/layouts/l"), .children("/z/container_service")])
        let readings = scope.readings(Deployment.nodes(Deployment.two))
        #expect(
            Set(readings) == [
                .children("/z/layouts/l"), .children("/z/container_service"), .children("/z/binding/m"),
                .contents("/z/saved_models/m/entry"), .contents("/z/saved_models/m/ps_0"),
                .contents("/z/container_service/c:1"), .contents("/z/container_service/c:2"),
            ]
        )
    }
}
