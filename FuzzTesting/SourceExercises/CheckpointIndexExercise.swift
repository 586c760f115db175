import ModelSources

/// What fuzz-checkpoint-index does with an input: reads it as the index of a checkpoint.
package enum CheckpointIndexExercise {
    package static func run(_ input: UnsafeRawBufferPointer) {
        if let fault = fault(in: Array(input)) { fatalError(fault) }
    }

    /// `nil` when all is well.
    package static func fault(in bytes: [UInt8]) -> String? {
        guard let index = try? CheckpointIndex(bytes) else { return nil }
        guard (1...100_000).contains(index.shardCount) else { return "\(index.shardCount) data files" }
        let fits = index.neededBytes.allSatisfy { (0..<index.shardCount).contains($0.key) && $0.value >= 0 }
        return fits ? nil : "sizes of data files that are not there: \(index.neededBytes)"
    }
}
