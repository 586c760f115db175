import Cluster
import ServingPrimitives
import Testing

@Suite struct RememberedNodesTests {
    @Test func `what is known is the same after a restart`() throws {
        for nodes in [Deployment.two, ["layouts/l": ""], [:]] {
            let mirrored = Deployment.nodes(nodes)
            let text = RememberedNodes(mirrored, time: 1_763_800_000).text
            let read = try RememberedNodes(text, file: "/f")
            #expect(read.time == 1_763_800_000)
            #expect(ClusterView(read.nodes, Deployment.scope) == ClusterView(mirrored, Deployment.scope))
        }
    }

    @Test func `what a line cannot hold is left out`() throws {
        var nodes = Deployment.two
        nodes["layouts/l/n:a b"] = ""
        nodes["saved_models/m/entry"] = "{\n}"
        let read = try RememberedNodes(RememberedNodes(Deployment.nodes(nodes), time: 1).text, file: "/f")
        let view = ClusterView(read.nodes, Deployment.scope)
        #expect(view.layout?.map(\.name.description) == ["m:entry", "m:ps_0"])
        #expect(view.layout?.map { $0.meta == nil } == [true, false])
    }

    @Test(arguments: ["", "# what apus last knew", "/z/a {}\n"])
    func `what is no such file is told`(_ text: String) {
        let error = #expect(throws: ServingError.self) { try RememberedNodes(Array(text.utf8), file: "/f") }
        #expect(error?.message.hasPrefix("/f:1: expected") == true)
    }
}
