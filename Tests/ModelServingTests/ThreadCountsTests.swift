import ServingConfig
import Testing

@testable import ModelServing

@Suite struct ThreadCountsTests {
    @Test(arguments: [(1, 2, 1, 1, 2), (2, 2, 2, 2, 4), (4, 2, 4, 4, 8), (16, 4, 16, 4, 8), (128, 16, 128, 4, 8)])
    func `counts follow the cores`(cores: Int, loops: Int, engine: Int, load: Int, first: Int) {
        let counts = ThreadCounts.choose(cores: cores, engine: .init(), loading: .init())
        #expect(
            counts
                == ThreadCounts(
                    eventLoops: loops,
                    engineThreads: engine,
                    loadThreads: load,
                    firstLoadThreads: first,
                    unloadThreads: load
                )
        )
    }

    @Test func `what the user says is taken`() {
        var configuration = ServerConfiguration()
        configuration.engine.eventLoops = 3
        configuration.engine.threads = 5
        configuration.loading.threads = 7
        configuration.loading.unloadThreads = 9
        let counts = ThreadCounts.choose(cores: 2, engine: configuration.engine, loading: configuration.loading)
        #expect(
            counts
                == ThreadCounts(
                    eventLoops: 3,
                    engineThreads: 5,
                    loadThreads: 7,
                    firstLoadThreads: 7,
                    unloadThreads: 9
                )
        )
    }
}
