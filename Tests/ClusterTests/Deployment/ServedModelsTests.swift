import Cluster
import ServingConfig
import ServingPrimitives
import Testing

@Suite struct ServedModelsTests {
    private typealias Policy = ServerConfiguration.VersionPolicy

    private static let folder = ExportFolder(subGraphs: ["ps_1", "entry", "ps_0", "ps_2"], modelName: "ffm")

    private func unified(_ rest: String) throws -> AgentConfiguration {
        try configuration("bzid z\ndeploy_type unified\nagent_version 3\nbase_path /e\n\(rest)").configuration
    }

    private func published(_ names: [String], _ policy: String? = "latest") -> [PublishedModel] {
        names.compactMap { SavedModelName($0) }.map {
            PublishedModel($0, SavedModelMeta(basePath: "/b/\($0.model)/\($0.subGraph)", versionPolicy: policy))
        }
    }

    // MARK: base_path

    @Test func `a folder is served under the name that its entry asks for`() throws {
        let served = try unified("").models(folder: Self.folder, ShardContext())
        #expect(served.models.map(\.name) == ["ffm:entry", "ffm:ps_0", "ffm:ps_1", "ffm:ps_2"])
        #expect(served.models.map(\.basePath) == ["/e/entry", "/e/ps_0", "/e/ps_1", "/e/ps_2"])
        #expect(served.models.map(\.versionPolicy) == [.latest(1), .latestOnce(1), .latestOnce(1), .latestOnce(1)])
        #expect(
            served.aliases == ["entry": "ffm:entry", "ps_0": "ffm:ps_0", "ps_1": "ffm:ps_1", "ps_2": "ffm:ps_2"]
        )
        #expect(served.warnings == [])
    }

    @Test(
        arguments: [
            ("layout_filters entry; True\nlayout_filters ps_{i}; i % 2 == 1", ["ffm:entry", "ffm:ps_1"]),
            ("layout_filters ps_{i}; i % 2 == 0", ["ffm:ps_0", "ffm:ps_2"]), ("layout_filters x", []),
        ]
    )
    func `filters part a folder over machines`(_ filters: String, _ names: [String]) throws {
        #expect(try unified(filters).models(folder: Self.folder, ShardContext()).models.map(\.name) == names)
    }

    @Test(
        arguments: [
            ("version_policy latest\nversion_data 3", .latest(3)), ("version_policy ALL", .all),
            ("version_policy specific\nversion_data 17", .specific([17])),
            ("version_policy latest_once", .latestOnce(1)),
        ] as [(String, ServerConfiguration.VersionPolicy)]
    )
    func `a version policy is for all`(_ text: String, _ policy: ServerConfiguration.VersionPolicy) throws {
        let served = try unified(text).models(folder: Self.folder, ShardContext())
        #expect(Set(served.models.map(\.versionPolicy)) == [policy])
    }

    @Test func `what is wrong is told`() throws {
        let policy = #expect(throws: ServingError.self) {
            try unified("version_policy newest").models(folder: Self.folder, ShardContext())
        }
        let expected = "expected latest, latest_once, all or specific"
        #expect(policy?.message == "/c/a.conf:5: version_policy is \"newest\"; \(expected)")
        let nameless = ExportFolder(subGraphs: ["ps_0"])
        let name = #expect(throws: ServingError.self) { try unified("").models(folder: nameless, ShardContext()) }
        #expect(name?.code == .failedPrecondition && name?.message.contains("expected base_name") == true)
        #expect(try unified("base_name m").models(folder: nameless, ShardContext()).models.map(\.name) == ["m:ps_0"])
        #expect(
            try unified("base_name m").models(folder: Self.folder, ShardContext()).warnings
                == ["base_name is m, and the entry's graph asks for ffm, which is taken"]
        )
        #expect(throws: ServingError.self) { try unified("base_name a/b").models(folder: nameless, ShardContext()) }
        #expect(throws: ServingError.self) {
            try unified("layout_filters x; y").models(folder: Self.folder, ShardContext())
        }
    }

    // MARK: Layouts

    @Test func `a layout is served as its nodes say`() throws {
        let layout = published(["a:ps_1", "a:entry"]) + published(["b:entry", "b:ps_0"], "latest_once")
        let served = try unified("layout_pattern p\nlayout_filters entry\nlayout_filters ps_{i}; i < 1")
            .models(layout: layout, ShardContext())
        #expect(served.models.map(\.name) == ["a:entry", "b:entry", "b:ps_0"])
        #expect(served.models.map(\.basePath) == ["/b/a/entry", "/b/b/entry", "/b/b/ps_0"])
        #expect(served.models.map(\.versionPolicy) == [.latest(1), .latestOnce(1), .latestOnce(1)])
        // Two models have an entry.
        #expect(served.aliases == ["ps_0": "b:ps_0"])
    }

    @Test func `a node that is wrong takes no other down`() throws {
        var layout = published(["a:entry"]) + published(["a:ps_0"], "newest") + published(["a:ps_1"], nil)
        layout += ["a:ps_2", "a:ps_3"].compactMap { SavedModelName($0) }.map { PublishedModel($0, nil) }
        layout[4].meta = SavedModelMeta(basePath: nil, versionPolicy: "latest")
        let served = try unified("layout_pattern p").models(layout: layout, ShardContext())
        #expect(served.models.map(\.name) == ["a:entry", "a:ps_1"])
        #expect(
            served.warnings == [
                "a:ps_0 has the version_policy \"newest\"; expected latest, latest_once, all or specific",
                "a:ps_2 is in the layout, and no node says where it is",
                "a:ps_3 is in the layout without a model_base_path",
            ]
        )
        #expect(served.aliases == ["entry": "a:entry", "ps_1": "a:ps_1"])
    }

    @Test func `what cannot be used now stays as it was`() throws {
        let agent = try unified("layout_pattern p")
        let before = try agent.models(layout: published(["a:ps_0", "a:ps_1"]), ShardContext())
        let layout = published(["a:ps_0"], "newest") + published(["a:ps_2"], "newest") + published(["a:ps_1"], "all")
        let served = try agent.models(layout: layout, ShardContext(), previous: before)
        #expect(served.models.map(\.name) == ["a:ps_0", "a:ps_1"])
        #expect(served.models.map(\.versionPolicy) == [.latest(1), .all])
        #expect(served.warnings.map { $0.hasSuffix("; it stays as it was") } == [true, false])
        #expect(served.aliases == ["ps_0": "a:ps_0", "ps_1": "a:ps_1"])
    }

    @Test func `what no server could serve is left out, or stays as it was`() throws {
        let agent = try unified("layout_pattern p")
        var layout = published(["a:ps_0", "a:ps_1", "a:ps_2"])
        let before = try agent.models(layout: layout, ShardContext())
        #expect(before.checked(previous: ServedModels()) == before)
        layout[0].meta?.basePath = "relative"
        layout[1].meta?.basePath = "hdfs://n/b/a/ps_1"
        let served = try agent.models(layout: layout, ShardContext())
        let checked = served.checked(previous: ServedModels())
        #expect(checked.models.map(\.name) == ["a:ps_2"] && checked.aliases == ["ps_2": "a:ps_2"])
        #expect(checked.warnings.count == 2 && checked.warnings[1].contains("hdfs://"))
        #expect(served.checked(previous: before).models == before.models)
        #expect(served.checked(previous: before).warnings.allSatisfy { $0.hasSuffix("; it stays as it was") })
    }

    // MARK: Version 1

    @Test(
        arguments: [
            ("deploy_type mixed", ["ps_1", "ps_4", "entry"]), ("deploy_type ps", ["ps_1", "ps_4"]),
            ("deploy_type entry", ["entry"]), ("stand_alone_serving true", ["ps_1", "ps_4", "entry"]),
            ("deploy_type mixed\ndense_alone true", ["ps_1", "ps_4", "dense_0", "entry"]),
            ("deploy_type dense\ndense_alone true", ["dense_0"]),
            (
                "deploy_type ps\nrough_sort_model_name r\nrough_sort_model_local_path /l/\nrough_sort_model_loaded_server ps",
                ["ps_1", "ps_4", "ps_item_embedding_1", "ps_item_embedding_4"]
            ),
            (
                "deploy_type entry\nrough_sort_model_name r\nrough_sort_model_local_path /l",
                ["entry", "entry_item_embedding_0"]
            ),
            ("deploy_type entry\nrough_sort_resource_constrained y", ["entry", "entry_item_embedding_0"]),
            ("deploy_type ps\nrough_sort_model_name r\nrough_sort_model_local_path /l", ["ps_1", "ps_4"]),
        ]
    )
    func `a deployment of version 1 has its own names`(_ text: String, _ names: [String]) throws {
        let configuration = try configuration("base_path /e/\nnum_ps 6\n\(text)").configuration
        let context = ShardContext(shardID: 1, shardCount: 3)
        let served = try configuration.models(folder: Self.folder, context)
        #expect(served.models.map(\.name) == names)
        #expect(served.aliases == Dictionary(uniqueKeysWithValues: names.map { ("ffm:\($0)", $0) }))
        #expect(try configuration.models(folder: ExportFolder(subGraphs: []), context).aliases == [:])
        for model in served.models {
            let isBeside = model.name.contains("embedding") && !text.contains("constrained")
            #expect(model.basePath == (isBeside ? "/l/r/" : "/e/") + model.name)
        }
    }

    @Test func `shards of version 1 keep what they found, unless they are told to look again`() throws {
        func policies(_ text: String) throws -> [ServerConfiguration.VersionPolicy] {
            try configuration("base_path /e\ndeploy_type mixed\n\(text)").configuration
                .models(folder: Self.folder, ShardContext()).models.map(\.versionPolicy)
        }
        #expect(try policies("") == [.latestOnce(1), .latest(1)])
        #expect(try policies("version_data 2") == [.latestOnce(2), .latest(2)])
        #expect(try policies("file_system_poll_wait_seconds_ps 60") == [.latest(1), .latest(1)])
        #expect(try policies("version_policy all") == [.all, .all])
    }
}
