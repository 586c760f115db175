// swift-tools-version: 6.2
import PackageDescription

// Every Swift target: Swift 6 language mode, explicit existentials, internal imports, members only from modules a
// file imports. Exclusivity is checked in debug builds and tests; the checks cost 5-10 % of the request path, so
// release builds go without them.
//
// With APUS_FUZZ set, everything is built for libFuzzer instead, and the fuzz targets exist: see FuzzTesting/run.
let isFuzzing = Context.environment["APUS_FUZZ"] != nil
let fuzzFlags = ["-sanitize=fuzzer,address"]

let swiftSettings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    isFuzzing
        ? .unsafeFlags(fuzzFlags + ["-assert-config", "Debug"])
        : .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
]

func product(_ name: String, _ package: String) -> Target.Dependency { .product(name: name, package: package) }

let nioCore = product("NIOCore", "swift-nio")
let nioHTTP1 = product("NIOHTTP1", "swift-nio")
let nioPosix = product("NIOPosix", "swift-nio")
let nioEmbedded = product("NIOEmbedded", "swift-nio")
let nioSSL = product("NIOSSL", "swift-nio-ssl")
let nioTLS = product("NIOTLS", "swift-nio")
let protobuf = product("SwiftProtobuf", "swift-protobuf")
let argumentParser = product("ArgumentParser", "swift-argument-parser")
let logging = product("Logging", "swift-log")

func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: swiftSettings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: "\(name)Tests",
        dependencies: [.target(name: name)] + dependencies,
        swiftSettings: swiftSettings
    )
}

/// A libFuzzer program: FuzzTesting/PATH/main.swift, with inputs, also those that once failed, in FuzzTesting/Corpus/NAME.
func fuzzer(_ name: String, path: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(
        name: name,
        dependencies: dependencies + ["CLibFuzzer"],
        path: "FuzzTesting/\(path)",
        swiftSettings: swiftSettings,
        linkerSettings: [.unsafeFlags(fuzzFlags + ["-use-ld=lld"])]
    )
}

let fuzzers: [Target] = [
    .target(name: "CLibFuzzer", path: "FuzzTesting/CLibFuzzer"),
    fuzzer("fuzz-http2", path: "HTTP2", ["HTTP2Exercises"]),
    fuzzer("fuzz-hpack", path: "HPACK", ["HTTP2Exercises"]),
    fuzzer("fuzz-http1", path: "HTTP1", ["RESTExercises"]),
    fuzzer("fuzz-json", path: "JSON", ["RESTExercises"]),
    fuzzer("fuzz-predict-request", path: "PredictRequest", ["WireExercises"]),
    fuzzer("fuzz-example-request", path: "ExampleRequest", ["WireExercises"]),
    fuzzer("fuzz-json-examples", path: "JSONExamples", ["RESTExercises"]),
    fuzzer("fuzz-text-format", path: "TextFormat", ["WireExercises"]),
    fuzzer("fuzz-grpc", path: "GRPC", ["GRPCExercises"]),
    fuzzer("fuzz-tfrecord", path: "TFRecord", ["WireExercises"]),
    fuzzer("fuzz-engine-message", path: "EngineMessage", ["EngineExercises"]),
    fuzzer("fuzz-api-keys", path: "APIKeys", ["AccessExercises"]),
    fuzzer("fuzz-repository-request", path: "RepositoryRequest", ["RESTExercises"]),
    fuzzer("fuzz-load-answer", path: "LoadAnswer", ["LoadExercises"]),
    fuzzer("fuzz-trace-parent", path: "TraceParent", ["TelemetryExercises"]),
    fuzzer("fuzz-request-filter", path: "RequestFilter", ["TelemetryExercises"]),
    fuzzer("fuzz-metagraph", path: "MetaGraph", ["EngineTensorFlow"]),
    fuzzer("fuzz-checkpoint-index", path: "CheckpointIndex", ["SourceExercises"]),
    fuzzer("fuzz-folder-page", path: "FolderPage", ["SourceExercises"]),
    fuzzer("fuzz-checksum-list", path: "ChecksumList", ["SourceExercises"]),
    fuzzer("fuzz-model-costs", path: "ModelCosts", ["SourceExercises"]),
    fuzzer("fuzz-cache-trace", path: "CacheTrace", ["SourceExercises"]),
    fuzzer("fuzz-store-listing", path: "StoreListing", ["SourceExercises"]),
    fuzzer("fuzz-json-tree", path: "JSONTree", ["SourceExercises"]),
    fuzzer("fuzz-credential-file", path: "CredentialFile", ["SourceExercises"]),
    fuzzer("fuzz-model-state", path: "ModelState", ["PlacementExercises"]),
    fuzzer("fuzz-device-rewrite", path: "DeviceRewrite", ["PlacementExercises"]),
    fuzzer("fuzz-agent-configuration", path: "AgentConfiguration", ["ClusterExercises"]),
    fuzzer("fuzz-zookeeper-payload", path: "ZooKeeperPayload", ["ClusterExercises"]),
    fuzzer("fuzz-routes-table", path: "RoutesTable", ["ClusterExercises"]),
    fuzzer("fuzz-embedding-dump", path: "EmbeddingDump", ["DumpExercises"]),
    fuzzer("fuzz-tflite-model", path: "TFLiteModel", ["EngineLiteRT"]),
    fuzzer("fuzz-shard-graph", path: "ShardGraph", ["EmbeddingExercises"]),
    fuzzer("fuzz-embedding-snapshot", path: "EmbeddingSnapshot", ["EmbeddingExercises"]),
    fuzzer("fuzz-push-journal", path: "PushJournal", ["EmbeddingExercises"]),
]

let package = Package(
    name: "apus",
    products: [
        .executable(name: "apus", targets: ["apus"]),
        .executable(name: "tensorflow_model_server", targets: ["tensorflow_model_server"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
        .package(url: "https://github.com/apple/swift-protobuf", exact: "1.39.0"),
    ],
    targets: [
        // Neutral core: no protobuf, no NIO, no HTTP, no engine.
        .target(name: "CSystemAllocator"),
        .target(name: "CChecksums"),
        library("ServingPrimitives", ["CChecksums", "CSystemAllocator"]),
        library("AccessControl", ["ServingPrimitives", logging]),
        library("Tensors"),
        library("Batching", ["ServingPrimitives"]),
        // The scheduler against a simulated engine: for `apus simulate` and the scheduler's tests.
        library("SchedulerSimulation", ["Batching", "ServingPrimitives"]),
        library("CacheSimulation", ["SchedulerSimulation", "Servables", "ServingPrimitives"]),
        library("ServingMetrics", ["ServingPrimitives"]),
        library("Telemetry", ["ServingMetrics", "ServingPrimitives", logging]),
        library("Servables", ["ServingPrimitives"]),
        // What a server and `apus plan` decide about models without touching any: which device each goes to.
        library("ModelTools", ["Servables", "ServingPrimitives"]),
        library("EngineInterface", ["ServingPrimitives", "Tensors"]),
        library("ServingConfig", ["ServingPrimitives"]),
        library(
            "Inference",
            ["Batching", "EngineInterface", "Servables", "ServingMetrics", "ServingPrimitives", "Telemetry", "Tensors"]
        ),
        // The console in the browser: its page, script and style, embedded, and what it shows of the last ten minutes.
        .target(
            name: "ServerConsole",
            dependencies: ["Batching", "Inference", "Servables", "ServingMetrics", "ServingPrimitives"],
            resources: [.embedInCode("Files")],
            swiftSettings: swiftSettings
        ),

        // Wire.
        library("ServingProtos", [protobuf]),
        library(
            "WireFormat",
            [
                "EngineInterface", "Inference", "Servables", "ServingConfig", "ServingPrimitives", "ServingProtos",
                "Tensors", protobuf,
            ]
        ),
        library("HTTP2Server", ["ServingPrimitives", nioCore]),
        library("EventLoopSupport", ["ServingPrimitives", logging, nioCore]),
        library("TransportSecurity", ["ServingPrimitives", logging, nioCore, nioSSL, nioTLS]),

        // The plug-in ring: frontends, sources, engines.
        .target(
            name: "CZlib",
            linkerSettings: [.linkedLibrary("z")]
        ),
        library(
            "FrontendGRPC",
            [
                "AccessControl", "CZlib", "EngineInterface", "EventLoopSupport", "HTTP2Server", "Inference",
                "Servables", "ServingConfig", "ServingMetrics", "ServingPrimitives", "ServingProtos", "Telemetry",
                "Tensors", "TransportSecurity", "WireFormat", logging, nioCore, nioPosix, nioSSL, protobuf,
            ]
        ),
        library(
            "FrontendREST",
            [
                "AccessControl", "Batching", "CZlib", "EngineInterface", "EventLoopSupport", "Inference", "Servables",
                "ServerConsole", "ServingConfig", "ServingMetrics", "ServingPrimitives", "ServingProtos", "Telemetry",
                "Tensors", "TransportSecurity", "WireFormat", logging, nioCore, nioPosix, nioSSL, protobuf,
            ]
        ),
        // Spans of requests to a collector of OpenTelemetry's.
        library(
            "TraceExport",
            [
                "ServingMetrics", "ServingPrimitives", "ServingProtos", "Telemetry", logging, nioCore, nioHTTP1,
                nioPosix, nioSSL, protobuf,
            ]
        ),
        library(
            "RequestLogging",
            ["Inference", "ServingConfig", "ServingMetrics", "ServingPrimitives", "WireFormat", logging]
        ),
        library("ModelSources", ["Servables", "ServingPrimitives", logging]),
        // Models of S3, of Google's storage and of web servers, fetched into a local cache. The libraries of the system
        // that this needs are opened when the first such model is named.
        .target(name: "CStoreLibraries", linkerSettings: [.linkedLibrary("dl")]),
        library("ModelStores", ["CStoreLibraries", "ModelSources", "ServingPrimitives", logging]),
        .target(name: "CTensorFlow", linkerSettings: [.linkedLibrary("dl")]),
        // What SavedModels and TFLite models share: tensorflow.SignatureDef, without a protobuf library.
        library("ModelSignatures"),
        // Dumps of embedding tables as Monolith's training writes them.
        library("EmbeddingDump", ["ModelSignatures", "ServingPrimitives"]),
        // ZooKeeper's C client, opened when a deployment first names servers of it.
        .target(name: "CZooKeeper", linkerSettings: [.linkedLibrary("dl")]),
        // Deployments of Monolith's: the agent's configuration, layouts, nodes of ZooKeeper.
        library("Cluster", ["CZooKeeper", "ModelSignatures", "ServingConfig", "ServingPrimitives"]),
        // Which replica of a shard on other machines is asked, and what becomes of a call: decisions only.
        library("RemoteRouting", ["Cluster", "ServingPrimitives"]),
        library(
            "EngineTensorFlow",
            ["CTensorFlow", "EngineInterface", "ModelSignatures", "ServingPrimitives", "Tensors"]
        ),

        .target(name: "CLiteRT", linkerSettings: [.linkedLibrary("dl")]),
        library("EngineLiteRT", ["CLiteRT", "EngineInterface", "ModelSignatures", "ServingPrimitives", "Tensors"]),

        // Embedding tables: rows by id, looked up in memory.
        .target(name: "CEmbedding"),
        library(
            "EngineEmbedding",
            ["CEmbedding", "EmbeddingDump", "EngineInterface", "ModelSignatures", "ServingPrimitives", "Tensors"]
        ),
        // What deployments of embeddings take, for `apus embedding plan`: a calculation, and a simulation of their fan-out.
        library("EmbeddingScale", ["EngineEmbedding", "SchedulerSimulation"]),

        // Any engine, in a process of its own.
        .target(name: "CEngineProcess"),
        library("EngineProcess", ["CEngineProcess", "EngineInterface", "ServingPrimitives", "Tensors"]),

        // Calls of other servers, for `apus bench` and for lookups on other machines.
        .target(name: "CEpoll"),
        library("HTTPClient", ["CEpoll", "HTTP2Server", "ServingPrimitives"]),
        // The load generator of `apus bench`.
        library(
            "LoadGeneration",
            [
                "CEpoll", "EngineInterface", "FrontendREST", "HTTP2Server", "HTTPClient", "Inference", "Servables",
                "ServingPrimitives", "ServingProtos", "Tensors", "WireFormat", protobuf,
            ]
        ),

        // Composition root and executables.
        library(
            "ModelServing",
            [
                "AccessControl", "Batching", "CEpoll", "Cluster", "EngineEmbedding", "EngineInterface", "EngineLiteRT",
                "EngineProcess", "EngineTensorFlow",
                "EventLoopSupport", "FrontendGRPC", "FrontendREST", "HTTP2Server", "HTTPClient", "Inference",
                "ModelSources", "ModelStores", "ModelTools", "RemoteRouting",
                "RequestLogging",
                "Servables", "ServerConsole", "ServingConfig", "ServingMetrics", "ServingPrimitives", "ServingProtos",
                "Telemetry", "Tensors", "TraceExport", "TransportSecurity", "WireFormat", logging, nioCore, nioPosix,
                nioSSL, protobuf,
            ]
        ),
        .executableTarget(
            name: "apus",
            dependencies: [
                "Batching", "CacheSimulation", "Cluster", "EmbeddingDump", "EmbeddingScale", "EngineEmbedding",
                "HTTPClient",
                "LoadGeneration", "ModelServing", "ModelTools", "SchedulerSimulation", "ServingConfig",
                "ServingPrimitives", argumentParser, logging,
            ],
            swiftSettings: swiftSettings
        ),
        .executableTarget(
            name: "tensorflow_model_server",
            dependencies: ["ModelServing", "ServingConfig", "ServingPrimitives", logging],
            swiftSettings: swiftSettings
        ),

        // Serves HTTP2Server bare: under the conformance suite and the benchmarks.
        .executableTarget(
            name: "http2-echo",
            dependencies: ["HTTP2Server", nioCore, nioPosix],
            path: "Benchmarks/HTTP2Echo",
            swiftSettings: swiftSettings
        ),

        // What the fuzz targets do with an input; tests replay FuzzTesting/Corpus through it.
        .target(
            name: "HTTP2Exercises",
            dependencies: ["HTTP2Server", nioCore],
            path: "FuzzTesting/HTTP2Exercises",
            swiftSettings: swiftSettings
        ),
        .target(
            name: "GRPCExercises",
            dependencies: ["FrontendGRPC", "ServingPrimitives", nioCore],
            path: "FuzzTesting/GRPCExercises",
            swiftSettings: swiftSettings
        ),
        .target(
            name: "AccessExercises",
            dependencies: ["AccessControl", "ServingPrimitives"],
            path: "FuzzTesting/AccessExercises",
            swiftSettings: swiftSettings
        ),
        .target(
            name: "EngineExercises",
            dependencies: ["EngineInterface", "EngineProcess", "ServingPrimitives", "Tensors"],
            path: "FuzzTesting/EngineExercises",
            swiftSettings: swiftSettings
        ),
        .target(
            name: "SourceExercises",
            dependencies: ["CacheSimulation", "ModelSources", "ModelStores", "Servables", "ServingPrimitives"],
            path: "FuzzTesting/SourceExercises",
            swiftSettings: swiftSettings
        ),
        .target(
            name: "ClusterExercises",
            dependencies: ["Cluster", "RemoteRouting", "ServingPrimitives"],
            path: "FuzzTesting/ClusterExercises",
            swiftSettings: swiftSettings
        ),
        .target(
            name: "DumpExercises",
            dependencies: ["EmbeddingDump", "ModelSignatures", "ServingPrimitives"],
            path: "FuzzTesting/DumpExercises",
            swiftSettings: swiftSettings
        ),
        .target(
            name: "LoadExercises",
            dependencies: ["HTTPClient", "LoadGeneration", "ServingPrimitives"],
            path: "FuzzTesting/LoadExercises",
            swiftSettings: swiftSettings
        ),
        .target(
            name: "TelemetryExercises",
            dependencies: ["ServingPrimitives", "Telemetry"],
            path: "FuzzTesting/TelemetryExercises",
            swiftSettings: swiftSettings
        ),
        .target(
            name: "WireExercises",
            dependencies: [
                "Inference", "Servables", "ServingPrimitives", "ServingProtos", "Tensors", "WireFormat", protobuf,
            ],
            path: "FuzzTesting/WireExercises",
            swiftSettings: swiftSettings
        ),

        .target(
            name: "PlacementExercises",
            dependencies: ["EngineTensorFlow", "ServingPrimitives"],
            path: "FuzzTesting/PlacementExercises",
            swiftSettings: swiftSettings
        ),

        // Measures what models cost without a server.
        .executableTarget(
            name: "engine-baseline",
            dependencies: [
                "CTensorFlow", "EngineInterface", "EngineTensorFlow", "ServingPrimitives", "Tensors", argumentParser,
            ],
            path: "Benchmarks/EngineBaseline",
            swiftSettings: swiftSettings
        ),
        // Measures the JSON of requests and answers without a server.
        .executableTarget(
            name: "json-codec",
            dependencies: [
                "EngineInterface", "FrontendREST", "Inference", "ServingPrimitives", "Tensors", argumentParser, nioCore,
            ],
            path: "Benchmarks/JSONCodec",
            swiftSettings: swiftSettings
        ),
        // Measures embedding tables without a server.
        .executableTarget(
            name: "embedding-table",
            dependencies: [
                "EmbeddingDump", "EngineEmbedding", "EngineInterface", "EngineTensorFlow", "ServingPrimitives",
                "Tensors",
                argumentParser,
            ],
            path: "Benchmarks/EmbeddingTable",
            swiftSettings: swiftSettings
        ),
        .target(
            name: "EmbeddingExercises",
            dependencies: ["EngineEmbedding", "ServingPrimitives"],
            path: "FuzzTesting/EmbeddingExercises",
            swiftSettings: swiftSettings
        ),
        .target(
            name: "RESTExercises",
            dependencies: [
                "EngineInterface", "FrontendREST", "Inference", "ServingPrimitives", "ServingProtos", "Tensors",
                "WireFormat", nioCore, protobuf,
            ],
            path: "FuzzTesting/RESTExercises",
            swiftSettings: swiftSettings
        ),

        // What tests of several targets share.
        .target(
            name: "ServingTestKit",
            dependencies: ["Batching", "EngineInterface", "Inference", "Servables", "ServingPrimitives", "Tensors"],
            swiftSettings: swiftSettings
        ),
        tests("ServingPrimitives"),
        tests("AccessControl", ["AccessExercises", "ServingPrimitives", logging]),
        tests("Tensors"),
        tests("Batching", ["ServingPrimitives", "ServingTestKit"]),
        tests("SchedulerSimulation", ["Batching", "ServingPrimitives"]),
        tests("CacheSimulation", ["ServingPrimitives"]),
        tests("ServingMetrics", ["ServingPrimitives"]),
        tests("Telemetry", ["ServingMetrics", "ServingPrimitives", "TelemetryExercises", logging]),
        tests("Servables", ["ServingPrimitives", "ServingTestKit"]),
        tests("ModelTools", ["Servables", "ServingPrimitives"]),
        tests("ServerConsole", ["Inference", "Servables", "ServingMetrics", "ServingPrimitives", "ServingTestKit"]),
        tests("EngineInterface", ["ServingPrimitives", "ServingTestKit", "Tensors"]),
        tests(
            "EngineProcess",
            ["EngineExercises", "EngineInterface", "ServingPrimitives", "ServingTestKit", "Tensors"]
        ),
        tests("ServingConfig", ["ServingPrimitives"]),
        tests(
            "Inference",
            [
                "Batching", "EngineInterface", "Servables", "ServingMetrics", "ServingPrimitives", "ServingTestKit",
                "Tensors",
            ]
        ),
        tests(
            "WireFormat",
            [
                "EngineInterface", "Inference", "Servables", "ServingConfig", "ServingPrimitives", "ServingProtos",
                "ServingTestKit", "Tensors", "WireExercises", protobuf,
            ]
        ),
        tests("HTTP2Server", ["HTTP2Exercises", nioCore, nioEmbedded]),
        tests("EventLoopSupport", ["ServingPrimitives", logging, nioCore, nioEmbedded]),
        tests(
            "TransportSecurity",
            ["ServingPrimitives", "ServingTestKit", logging, nioCore, nioPosix, nioSSL, nioTLS]
        ),
        tests(
            "FrontendGRPC",
            [
                "AccessControl", "Batching", "CZlib", "EngineInterface", "GRPCExercises", "HTTP2Server", "Inference",
                "Servables", "ServingConfig",
                "ServingMetrics", "ServingPrimitives", "ServingProtos", "ServingTestKit", "Tensors",
                "TransportSecurity", "WireFormat", logging, nioCore, nioEmbedded, nioPosix, nioSSL, protobuf,
            ]
        ),
        tests(
            "FrontendREST",
            [
                "AccessControl",
                "Batching", "EngineInterface", "EventLoopSupport", "Inference", "RESTExercises", "Servables",
                "ServerConsole", "ServingConfig", "ServingMetrics", "ServingPrimitives", "ServingProtos",
                "ServingTestKit", "Telemetry",
                "Tensors", "TransportSecurity",
                "WireFormat", logging, nioCore, nioEmbedded, nioPosix, nioSSL, protobuf,
            ]
        ),
        tests(
            "LoadGeneration",
            [
                "EngineInterface", "HTTP2Server", "HTTPClient", "Inference", "LoadExercises", "ServingPrimitives",
                "ServingProtos",
                "Tensors",
                "WireFormat", nioCore, nioEmbedded, protobuf,
            ]
        ),
        tests(
            "RequestLogging",
            [
                "Inference", "Servables", "ServingConfig", "ServingMetrics", "ServingPrimitives", "ServingProtos",
                "ServingTestKit", "Tensors", "WireFormat", logging, protobuf,
            ]
        ),
        tests(
            "TraceExport",
            [
                "ServingMetrics", "ServingPrimitives", "ServingProtos", "Telemetry", logging, nioCore, nioPosix,
                protobuf,
            ]
        ),
        tests("ModelStores", ["CStoreLibraries", "ModelSources", "ServingPrimitives", "SourceExercises", logging]),
        tests("ModelSources", ["Servables", "ServingPrimitives", "ServingTestKit", "SourceExercises", logging]),
        tests(
            "EngineTensorFlow",
            [
                "EngineInterface", "ModelSignatures", "PlacementExercises", "ServingPrimitives", "ServingTestKit",
                "Tensors",
            ]
        ),
        tests("RemoteRouting", ["Cluster", "ServingPrimitives"]),
        tests("Cluster", ["ClusterExercises", "ServingConfig", "ServingPrimitives"]),
        tests("EmbeddingDump", ["DumpExercises", "ServingPrimitives"]),
        tests("EmbeddingScale", ["EngineEmbedding"]),
        tests(
            "EngineEmbedding",
            [
                "CEmbedding", "EmbeddingDump", "EmbeddingExercises", "EngineInterface", "ModelSignatures",
                "ServingPrimitives",
                "Tensors",
            ]
        ),
        tests("EngineLiteRT", ["EngineInterface", "ModelSignatures", "ServingPrimitives", "Tensors"]),
        tests(
            "ModelServing",
            [
                "Batching", "Cluster", "EngineInterface", "FrontendGRPC", "FrontendREST", "HTTP2Server", "Inference",
                "ModelSources", "ModelTools", "RemoteRouting", "RequestLogging", "Servables", "ServingConfig",
                "ServingMetrics",
                "ServingPrimitives", "ServingProtos", "ServingTestKit", "Tensors", "TransportSecurity", "WireFormat",
                logging, nioCore, nioPosix, nioSSL,
                protobuf,
            ]
        ),
    ] + (isFuzzing ? fuzzers : []),
    swiftLanguageModes: [.v6]
)
