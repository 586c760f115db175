package import ModelSignatures

/// What a look through the operations of a serialized `tensorflow.SavedModel` tells, those of its functions too. Attributes,
/// and with them constants, are stepped over.
package struct GraphOperations {
    /// Whether there are conditional branches.
    private(set) var includeBranches = false
    /// Whether there are operations of Monolith's.
    private(set) var includeMonolith = false

    private static let branches = Set(["If", "StatelessIf", "Case", "StatelessCase"].map { Array($0.utf8) })

    package init(_ savedModel: UnsafeRawBufferPointer) throws(ProtobufReader.Malformed) {
        // SavedModel.meta_graphs, MetaGraphDef.graph_def, GraphDef.node
        try read([2, 2, 1], savedModel)
        // GraphDef.library, FunctionDefLibrary.function, FunctionDef.node_def
        try read([2, 2, 2, 1, 3], savedModel)
    }

    /// Reads the nodes at the end of a path of fields.
    private mutating func read(
        _ path: ArraySlice<Int>,
        _ message: UnsafeRawBufferPointer
    ) throws(ProtobufReader.Malformed) {
        guard let field = path.first else { return try readNode(message) }
        var reader = ProtobufReader(message)
        while let (number, value) = try reader.next() {
            if number == field, case .bytes(let inner) = value { try read(path.dropFirst(), inner) }
        }
    }

    /// NodeDef.op
    private mutating func readNode(_ node: UnsafeRawBufferPointer) throws(ProtobufReader.Malformed) {
        var reader = ProtobufReader(node)
        while let (number, value) = try reader.next() {
            guard number == 2, case .bytes(let name) = value else { continue }
            if Self.branches.contains(Array(name)) { includeBranches = true }
            if MonolithOperations.include(name) { includeMonolith = true }
        }
    }
}
