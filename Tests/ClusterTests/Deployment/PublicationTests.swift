import Cluster
import ServingPrimitives
import Testing

@Suite struct PublicationTests {
    private let store = MemoryClusterStore(ClusterTree())
    private let paths = Deployment.paths
    private let layout = "/z/layouts/l"

    init() { store.start { _ in } }

    private func names() throws -> [String] { try #require(try store.children(of: layout)).sorted() }

    @Test func `an export is published, again, and taken back`() throws {
        let folder = ExportFolder(subGraphs: ["entry", "ps_0", "ps_1"], modelName: "m")
        let publication = try Publication(folder, basePath: "/e/")
        try publication.publish(store, paths, layout: layout)
        try publication.publish(store, paths, layout: layout)
        #expect(try names() == ["m:entry", "m:ps_0", "m:ps_1"])
        let view = try ClusterView(reading: store, Deployment.scope)
        #expect(view.layout == publication.models && view.warnings.isEmpty)
        #expect(view.layout?.map(\.meta?.versionPolicy) == ["latest", "latest_once", "latest_once"])
        #expect(view.layout?.first?.meta?.basePath == "/e/entry")

        let one = try Publication.unpublish(["m:ps_1"], store, paths, layout: layout)
        #expect(one.map(\.description) == ["m:ps_1"])
        #expect(try store.contents(of: "/z/saved_models/m/ps_1") != nil)
        let rest = try Publication.unpublish(["m"], store, paths, layout: layout, forgetting: true)
        #expect(rest.count == 2)
        #expect(try names().isEmpty)
        #expect(try store.contents(of: "/z/saved_models/m/ps_0") == nil)
    }

    @Test func `what cannot be published or taken back is said`() throws {
        let folder = ExportFolder(subGraphs: ["ps_0"])
        #expect(throws: ServingError.self) { try Publication(folder, basePath: "/e") }
        #expect(throws: ServingError.self) { try Publication(folder, basePath: "/e", model: "a/b") }
        #expect(throws: ServingError.self) { try Publication(ExportFolder(subGraphs: []), basePath: "/e", model: "m") }
        #expect(throws: ServingError.self) { try Publication.unpublish(["m"], store, paths, layout: layout) }
        try Publication(folder, basePath: "/e", model: "m", versionPolicy: "all").publish(store, paths, layout: layout)
        #expect(try ClusterView(reading: store, Deployment.scope).layout?.first?.meta?.versionPolicy == "all")
        #expect(throws: ServingError.self) { try Publication.unpublish(["m", "n"], store, paths, layout: layout) }
        #expect(try names() == ["m:ps_0"])
    }
}
