import ServingPrimitives

/// The operations that Monolith's exports have besides TensorFlow's own.
enum MonolithOperations {
    static let all: [OperationDefinition] = [
        UniqueKeyKernel.definition, RaggedSplitKernel.definition, TimestampKernel.definition,
        RemotePredictKernel.definition, OffsetMapKernel.definition, FinalizeKernel.definition,
        ValueRowIDsKernel.definition,
        // Of exports whose tables are merged.
        ShardSplitKernel.definition, RowGatherKernel.definition, RowReductionKernel.sum, RowReductionKernel.mean,
        RowReductionKernel.squareNorm,
    ]

    private static let names = Set(all.map { Array($0.name.utf8) })

    /// Whether an operation of that name is one of them.
    static func include(_ name: UnsafeRawBufferPointer) -> Bool { names.contains(Array(name)) }

    /// Whether TensorFlow does not know one of them.
    static func areMissing(for error: ServingError) -> Bool {
        error.isUnknownOperation && all.contains { error.message.contains("'\($0.name)'") }
    }
}
