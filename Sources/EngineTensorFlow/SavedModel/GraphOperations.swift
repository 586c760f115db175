import ModelSignatures

/// Looks through the operations of a serialized `tensorflow.SavedModel`, those of its functions too. Attributes, and with them
/// constants, are stepped over.
enum GraphOperations {
    private static let branches = Set(["If", "StatelessIf", "Case", "StatelessCase"].map { Array($0.utf8) })

    /// Whether there are conditional branches.
    static func includeBranches(_ savedModel: UnsafeRawBufferPointer) throws(ProtobufReader.Malformed) -> Bool {
        // SavedModel.meta_graphs, MetaGraphDef.graph_def
        try contains([2, 2], savedModel) { (graph) throws(ProtobufReader.Malformed) in
            // GraphDef.node
            if try contains([1], graph, isBranch) { return true }
            // GraphDef.library, FunctionDefLibrary.function, FunctionDef.node_def
            return try contains([2, 1, 3], graph, isBranch)
        }
    }

    private static func isBranch(_ node: UnsafeRawBufferPointer) throws(ProtobufReader.Malformed) -> Bool {
        // NodeDef.op
        try contains([2], node) { branches.contains(Array($0)) }
    }

    /// Whether something at the end of a path of fields is as `predicate` says.
    private static func contains(
        _ path: ArraySlice<Int>,
        _ message: UnsafeRawBufferPointer,
        _ predicate: (UnsafeRawBufferPointer) throws(ProtobufReader.Malformed) -> Bool
    ) throws(ProtobufReader.Malformed) -> Bool {
        guard let field = path.first else { return try predicate(message) }
        var reader = ProtobufReader(message)
        while let (number, value) = try reader.next() {
            guard number == field, case .bytes(let inner) = value else { continue }
            if try contains(path.dropFirst(), inner, predicate) { return true }
        }
        return false
    }
}
