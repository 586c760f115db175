import ServingConfig
import Testing

@testable import ModelServing

@Suite struct EngineProcessSettingsTests {
    @Test func `all that makes the engine reaches its process`() throws {
        var configuration = ServerConfiguration()
        configuration.telemetry.logFormat = .json
        configuration.engine.libraryPath = "/lib"
        configuration.engine.sessionParallelism = 1
        configuration.engine.intraOpParallelism = 2
        configuration.engine.interOpParallelism = 3
        configuration.engine.threads = 4
        configuration.engine.eventLoops = 5
        configuration.engine.opLibraries = ["/a", "/b"]
        configuration.engine.sessionConfig = [6, 7]
        configuration.engine.loadThreadPool = 8
        configuration.engine.gpuMemoryFraction = 0.5
        configuration.engine.compilesWithXLAOnCPU = true
        configuration.engine.compilesWithXLAOnGPU = true
        configuration.engine.mixedPrecision = "bfloat16"
        configuration.loading.prefersTFLite = true
        configuration.loading.tflitePools = 9
        configuration.loading.tfliteInterpretersPerPool = 10
        configuration.loading.liteRTLibraryPath = "/lite"
        configuration.embedding.cacheFolder = "/cache"
        configuration.embedding.pathPrefixes = [.init(foreign: "hdfs://a", local: "/b")]
        configuration.embedding.updateBytes = 11 << 20
        configuration.embedding.journalSync = .second
        configuration.embedding.usesHugePages = true
        for configuration in [configuration, ServerConfiguration()] {
            var expected = configuration
            // Versions have processes of their own, and a journal has one process.
            expected.embedding.journalBytes = 0
            expected.embedding.journalSync = ServerConfiguration.Embedding().journalSync
            #expect(try ServerConfiguration(engineProcessSettings: configuration.engineProcessSettings()) == expected)
        }
        // A setting that is added must reach it, too: add it above.
        #expect(Mirror(reflecting: configuration.engine).children.count == 13)
        #expect(Mirror(reflecting: configuration.embedding).children.count == 6)
    }
}
