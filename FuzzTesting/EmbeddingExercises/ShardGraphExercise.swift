import EngineEmbedding

/// What fuzz-shard-graph does with an input: reads it as the SavedModel of a shard, and binds its signatures to its tables.
package enum ShardGraphExercise {
    package static func run(_ input: UnsafeRawBufferPointer) {
        guard let graph = try? ShardGraph(input, tags: ["serve"]) else { return }
        _ = try? graph.boundSignatures(in: "/nowhere")
    }
}
