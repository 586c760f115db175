import ServingConfig
import ServingPrimitives
import Testing

@Suite struct EmbeddingTests {
    @Test func `what makes no sense is told`() {
        var configuration = ServerConfiguration()
        #expect(configuration.problems().isEmpty)
        configuration.embedding.cacheFolder = "here"
        configuration.embedding.updateBytes = 1_000
        configuration.embedding.pathPrefixes = [
            .init(foreign: "hdfs://n", local: "there"), .init(foreign: "/a", local: "/b"),
        ]
        let messages = configuration.problems().map(\.message)
        #expect(messages.count == 3)
        for reason in ["embedding cache is here", "may have 1000 bytes", "hdfs://n=there"] {
            #expect(messages.contains { $0.contains(reason) }, "\(reason)")
        }
    }
}
