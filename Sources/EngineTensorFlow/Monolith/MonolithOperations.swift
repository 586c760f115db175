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
        // Of graphs that have their tables in themselves.
        TableMakerKernel.multi, TableMakerKernel.plain, TableHandleKernel.read, TableHandleKernel.filter,
        TableHandleKernel.syncClient, TableStateKernel.definition, MultiTableLookupKernel.definition,
        PlainTableLookupKernel.definition, MultiTableAssignKernel.definition, PlainTableAssignKernel.definition,
        TableRestoreKernel.multi, TableRestoreKernel.plain,
    ]

    private static let names = Set(all.map { Array($0.name.utf8) })

    /// Whether an operation of that name is one of them.
    static func include(_ name: UnsafeRawBufferPointer) -> Bool { names.contains(Array(name)) }

    /// Whether TensorFlow does not know one of them.
    static func areMissing(for error: ServingError) -> Bool {
        error.isUnknownOperation && all.contains { error.message.contains("'\($0.name)'") }
    }
}
