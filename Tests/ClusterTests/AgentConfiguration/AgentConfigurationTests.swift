import Cluster
import Foundation
import ServingConfig
import ServingPrimitives
import Testing

@Suite struct AgentConfigurationTests {
    /// The first configuration of Monolith's page on serving.
    private static let demo = """
        bzid monolith_serving_test # namespace
        deploy_type unified # always unified
        zk_servers 10.0.91.73:2181,10.0.86.70:2181
        base_path hdfs:///user/xxx/model_checkpoint/exported_models
        layout_filters entry; True
        layout_filters ps_{i}; True
        agent_version 3 # always 3

        # tensorflow serving flags
        fetch_ps_timeout_ms 10000
        enable_batching false
        per_process_gpu_memory_fraction 0
        load_retry_interval_micros 60 * 1000 * 1000
        file_system_poll_wait_seconds 60
        saved_model_tags none
        xla_cpu_compilation_enabled false
        enable_profiler true

        """

    @Test func `the configuration of Monolith's document is read`() throws {
        let (found, warnings) = try configuration(Self.demo)
        #expect(warnings == [])
        #expect(found.namespace == "monolith_serving_test")
        #expect(found.deployType == .unified && found.version == 3)
        #expect(found.zooKeeperServers == "10.0.91.73:2181,10.0.86.70:2181")
        #expect(found.basePath == "hdfs:///user/xxx/model_checkpoint/exported_models")
        #expect(found.layoutFilters.map(\.text) == ["entry; True", "ps_{i}; True"])
        #expect(found.layoutFilters.map(\.place.line) == [5, 6])
        #expect(found.lookups.timeoutMilliseconds == 10_000)
        #expect(found.server.loadRetryIntervalMicroseconds == 60_000_000)
        #expect(found.server.fileSystemPollSeconds == 60)
        #expect(found.server.savedModelTags == nil)
    }

    @Test(
        arguments: [
            "bzid demo", "bzid=demo", "bzid = demo", "  bzid\t=\tdemo  ", "bzid demo# why", "bzid demo # why",
            "bzid demo\r",
        ]
    )
    func `keys and values are parted by spaces, tabs and equals signs`(_ line: String) throws {
        let rest = "\ndeploy_type unified\nagent_version 3\nbase_path /m"
        #expect(try configuration(line + rest).configuration.namespace == "demo")
        #expect(try configuration((line + rest).replacing("\n", with: "\r\n")).configuration.namespace == "demo")
    }

    @Test(
        arguments: [
            ("dc_aware 1", \.isDataCentreAware), ("dc_aware Yes", \.isDataCentreAware),
            ("dc_aware T", \.isDataCentreAware),
            ("dense_alone y", \.servesDenseAlone), ("stand_alone_serving TRUE", \.isStandAlone),
        ] as [(String, any KeyPath<AgentConfiguration, Bool> & Sendable)]
    )
    func `flags have several spellings`(_ line: String, _ path: any KeyPath<AgentConfiguration, Bool> & Sendable) throws
    {
        #expect(try configuration("deploy_type mixed\nbase_path /m\n\(line)").configuration[keyPath: path])
    }

    @Test(
        arguments: [
            ("num_ps 2 * 5", \.psCount, 10), ("num_ps 21 / 2", \.psCount, 10),
            ("max_waiting_sec 1e3", \.maximumWaitSeconds, 1000),
            ("aio_thread_num (1 + 2) * 3", \.lookups.threads, 9), ("num_ps True", \.psCount, 1),
            ("load_retry_interval_micros -1", \.server.loadRetryIntervalMicroseconds, -1),
        ] as [(String, any KeyPath<AgentConfiguration, Int64> & Sendable, Int64)]
    )
    func `numbers may be calculated`(
        _ line: String,
        _ path: any KeyPath<AgentConfiguration, Int64> & Sendable,
        _ number: Int64
    ) throws {
        #expect(try configuration("deploy_type mixed\nbase_path /m\n\(line)").configuration[keyPath: path] == number)
    }

    @Test(
        arguments: [
            (
                "num_ps ten",
                "/c/a.conf:3: num_ps is \"ten\": expected a whole number from 1 to 10000, or an expression like "
                    + "60 * 1000; ten has no value"
            ),
            ("num_ps 0", "/c/a.conf:3: num_ps is \"0\": expected a whole number from 1 to 10000"),
            ("num_ps 1e30", "/c/a.conf:3: num_ps is \"1e30\": expected a whole number from 1 to 10000"),
            (
                "num_ps __import__('os').system('ls')",
                "/c/a.conf:3: num_ps is \"__import__('os').system('ls')\": expected a "
                    + "whole number from 1 to 10000, or an expression like 60 * 1000; \"'\" is not expected in it"
            ),
            ("tfs_port_grpc 65536", "/c/a.conf:3: tfs_port_grpc is \"65536\": expected a whole number from 0 to 65535"),
            ("enable_batching maybe", "/c/a.conf:3: enable_batching is \"maybe\": expected true or false"),
            (
                "per_process_gpu_memory_fraction 1.5",
                "/c/a.conf:3: per_process_gpu_memory_fraction is \"1.5\": expected a "
                    + "number from 0.0 to 1.0"
            ),
            (
                "rough_sort_model_loaded_server x",
                "/c/a.conf:3: rough_sort_model_loaded_server is \"x\": expected none, entry, "
                    + "ps, dense"
            ),
            ("base_path /n", "/c/a.conf:3: base_path is given again, after /c/a.conf:2"),
            ("server_type ps", "/c/a.conf:3: server_type is the old name of deploy_type, which /c/a.conf:1 gives, too"),
            ("agent_version 2", "/c/a.conf: agent_version is 2, which was never finished; expected 1 or 3"),
            ("agent_version 3", "/c/a.conf: agent_version 3 serves unified deployments only, and this is mixed"),
            ("include b.conf", "/c/a.conf:3: include b.conf: /c/b.conf; No such file or directory"),
            ("include a.conf", "/c/a.conf:3: include a.conf: the file includes itself"),
            ("include", "/c/a.conf:3: include : expected the path of a file"),
        ]
    )
    func `a mistake is told with file, line and key`(_ line: String, _ message: String) {
        #expect(mistakes("deploy_type mixed\nbase_path /m\n\(line)\n") == message)
    }

    @Test func `all mistakes are told at once`() {
        #expect(
            mistakes("num_ps 0\ndeploy_type nothing\n")
                == "/c/a.conf:1: num_ps is \"0\": expected a whole number from 1 to 10000; "
                + "/c/a.conf:2: deploy_type is \"nothing\": expected ps, entry, dense, mixed, unified; "
                + "/c/a.conf: base_path is not given; expected the folder with the exported sub-graphs"
        )
        #expect(mistakes("").contains("deploy_type is not given; expected ps, entry, dense, mixed or unified"))
        #expect(mistakes("").contains("base_path is not given"))
        #expect(mistakes("deploy_type dense\nbase_path /m").contains("deploy_type is dense, and dense_alone is false"))
        #expect(mistakes("deploy_type unified\nbase_path /m").contains("agent_version 1 has no unified deployments"))
        #expect(
            mistakes("deploy_type unified\nagent_version 3\nlayout_pattern p").contains("bzid is not given")
        )
    }

    @Test func `what is unknown or empty is told, and is without effect`() throws {
        let (found, warnings) = try configuration(
            "deploy_type mixed\nbase_path /m\nfetch_ps_timeout 7\nbzid\nbase_name =\n",
            [:]
        )
        #expect(found.namespace == nil && found.baseName == nil)
        #expect(
            warnings == [
                "/c/a.conf:3: the key fetch_ps_timeout is not known, and without effect",
                "/c/a.conf:4: bzid has no value, and is without effect",
                "/c/a.conf:5: base_name has no value, and is without effect",
            ]
        )
    }

    @Test func `files are included where they are named`() throws {
        let others = [
            "/c/b.conf": "layout_filters b\ninclude sub/c.conf", "/c/sub/c.conf": "layout_filters c\nnum_ps x",
        ]
        let text = "layout_filters a\ninclude b.conf # more\ndeploy_type mixed\nbase_path /m\nlayout_filters d"
        #expect(mistakes(text, others).hasPrefix("/c/sub/c.conf:2: num_ps is \"x\""))
        let right = others.merging(["/c/sub/c.conf": "layout_filters c"]) { $1 }
        let found = try configuration(text, right).configuration.layoutFilters
        #expect(found.map(\.text) == ["a", "b", "c", "d"])
        #expect(found.map(\.place.description) == ["/c/a.conf:1", "/c/b.conf:1", "/c/sub/c.conf:1", "/c/a.conf:5"])
    }

    @Test func `inclusion is bounded`() {
        let circle = ["/c/b.conf": "include /c/c.conf", "/c/c.conf": "include b.conf"]
        #expect(mistakes("include b.conf", circle).hasPrefix("/c/c.conf:1: include b.conf: the file includes itself"))
        let deep = Dictionary(uniqueKeysWithValues: (0..<20).map { ("/c/\($0)", "include \($0 + 1)") })
        #expect(
            mistakes("include 0", deep).hasPrefix("/c/8: include 9:") || mistakes("include 0", deep).contains("8 deep")
        )
        let wide = Dictionary(uniqueKeysWithValues: (0..<200).map { ("/c/\($0)", "") })
        let many = (0..<200).map { "include \($0)\n" }.joined()
        #expect(mistakes(many, wide).contains("more than 100 files are included"))
        #expect(mistakes(String(repeating: "layout_filters a\n", count: 10_001)).contains("more than 10000 settings"))
    }

    @Test func `a file that is no text is refused`() {
        let error = #expect(throws: ServingError.self) {
            try AgentConfiguration.read("/c/a.conf") { _ throws(ServingError) in [0xFF, 0xFE] }
        }
        #expect(error?.message == "/c/a.conf is no text in UTF-8")
    }

    @Test func `a file that is not there is told`() {
        let error = #expect(throws: ServingError.self) { try AgentConfiguration.read("/nowhere/a.conf") }
        #expect(error?.code == .notFound)
    }

    @Test func `every key of the study can be set`() throws {
        let texts = """
            base_name m; num_shard 3; replica_id 7; update_model_status_interval 2; max_waiting_sec 3; version_policy all
            version_data 2; file_system_poll_wait_seconds_ps 4; fetch_ps_long_conn_num 5; fetch_ps_long_conn_enable n
            fetch_ps_retry 6; aio_thread_num 7; dense_alone t; dense_service_num 8; dc_aware t; preload_jemalloc f
            use_metrics f; rough_sort_model_name r; rough_sort_model_local_path /l; rough_sort_model_p2p_path /p
            rough_sort_resource_constrained t; proxy_port 1; agent_port 2; tfs_entry_port 3; tfs_entry_http_port 4
            tfs_entry_archon_port 5; tfs_ps_port 6; tfs_ps_http_port 7; tfs_ps_archon_port 8; tfs_dense_port 9
            tfs_dense_http_port 10; tfs_dense_archon_port 11; tfs_port_grpc 12; tfs_port_http 13; tfs_port_archon 14
            allow_version_labels_for_unavailable_models t; batching_parameters_file /b; ssl_config_file /s
            platform_config_file /p; grpc_channel_arguments a=1; grpc_max_threads 3; version v; num_load_threads 1
            num_unload_threads 2; max_num_load_retries 3; flush_filesystem_caches f; enable_model_warmup f
            allow_growth f; remove_unused_fields_from_bundle_metagraph f; tensorflow_session_parallelism 1
            tensorflow_intra_op_parallelism 2; tensorflow_inter_op_parallelism 3; enable_signature_method_name_check t
            layout_pattern p; bzid z; base_path /m; deploy_type mixed; stand_alone_serving t; agent_version 1
            """.replacing("; ", with: "\n")
        let (found, warnings) = try configuration(texts)
        #expect(warnings == [])
        #expect(found.ports.denseArchon == 11 && found.ports.archon == 14 && found.ports.psHTTP == 7)
        #expect(found.replicaID == 7 && found.shardCount == 3 && found.versionPolicy?.text == "all")
        #expect(found.roughSort.peerToPeerPath == "/p" && !found.lookups.keepsConnections && !found.usesMetrics)
        var server = ServerConfiguration()
        server.apply(found)
        #expect(server.loading.threads == 1 && server.loading.unloadThreads == 2 && server.loading.maximumRetries == 3)
        #expect(!server.loading.flushesFileSystemCaches && !server.loading.warmsUp)
        #expect(server.engine.sessionParallelism == 1 && server.engine.interOpParallelism == 3)
        #expect(server.loading.checksSignatureMethodName && server.loading.savedModelTags == ["serve"])
    }
}
