import ModelServing
import ServingConfig
import Testing

@Suite struct EmbeddingFlagTests {
    private typealias Prefix = ServerConfiguration.Embedding.PathPrefix

    @Test(arguments: [
        ("hdfs://n/a=/b", "hdfs://n/a", "/b"), ("s3://k=v/a=/b", "s3://k=v/a", "/b"),
    ])
    func `a prefix ends at the last equals sign`(text: String, foreign: String, local: String) {
        #expect(Prefix(text) == Prefix(foreign: foreign, local: local))
    }

    @Test(arguments: ["", "a", "=", "a=", "=/b"])
    func `a prefix needs both sides`(text: String) { #expect(Prefix(text) == nil) }
}
