import ServingPrimitives

/// `MonolithUniqueKeyWithValueAndOffset`: the different keys of each table, and a buffer for their values.
final class UniqueKeyKernel: OperationKernel {
    static let definition = OperationDefinition(
        name: "MonolithUniqueKeyWithValueAndOffset",
        attributes: ["dims: list(int)", "generate_buffer: bool"],
        inputs: ["key: int64", "key_split: int64"],
        outputs: [
            "unique_key: int64", "unique_key_split: int64", "value_offset: int64", "value_offset_split: int64",
            "value_buffer: resource",
        ],
        isStateful: true,
        kernel: .computing { (node) throws(ServingError) in try UniqueKeyKernel(node) }
    )

    private let dimensions: [Int]
    private let makesBuffer: Bool

    private init(_ node: NodeDefinition) throws(ServingError) {
        dimensions = try node.dimensions()
        makesBuffer = try node.flag("generate_buffer")
    }

    func compute(_ context: KernelContext) throws(ServingError) {
        let key = try context.vector(0, "key", of: Int64.self)
        let splits = try context.vector(1, "key_split", of: Int64.self)
        let unique = try context.checking { () throws(ArgumentDefect) in
            try UniqueKeys(of: key, splits, dimensions: dimensions)
        }
        try context.set(0, to: unique.keys)
        try context.set(1, to: unique.splits)
        try context.set(2, to: unique.offsets)
        try context.set(3, to: unique.offsetSplits)
        // Number 0 is no tensor's.
        var number: UInt64 = 0
        if makesBuffer {
            guard let run = RunContext.current else { throw context.outsideOfRun }
            number = run.add(try SharedTensor(count: unique.valueCount, for: context.operation))
        }
        try context.set(4, to: ResourceHandle(.buffer, "\(number)"))
    }
}

extension NodeDefinition {
    /// Widths of the rows of tables.
    func dimensions() throws(ServingError) -> [Int] {
        let dimensions = try integers("dims")
        guard let wrong = dimensions.first(where: { $0 < 0 || $0 > Int(Int32.max) }) else { return dimensions }
        throw .invalidArgument("\(operation): dims of node \(name) has \(wrong); the width of a row is expected")
    }
}

extension KernelContext {
    /// Buffers and tables belong to a run that this server began.
    var outsideOfRun: ServingError {
        .failedPrecondition("\(operation): it works in the process of the server only, not on a cluster")
    }
}
