package import ModelSignatures

/// Whether the runs of a serialized `tensorflow.SavedModel` leave anything behind, or look at files: then two names cannot
/// have one session. Decided from the operations that its signatures reach, functions included, and from what the model
/// itself says of them (`stripped_op_list`). What is not known for certain counts as leaving something behind.
///
/// Field numbers are those of tensorflow/core/protobuf/saved_model.proto and meta_graph.proto, and of graph.proto,
/// function.proto, node_def.proto, attr_value.proto and op_def.proto in tensorflow/core/framework.
package struct ModelState {
    package private(set) var isKept = false

    package init(_ savedModel: UnsafeRawBufferPointer) throws(ProtobufReader.Malformed) {
        var graphs = 0
        try savedModel.eachField { (field, bytes) throws(ProtobufReader.Malformed) in
            guard field == 2 else { return }  // meta_graphs
            graphs += 1
            if try !GraphUse(bytes).isStateless { isKept = true }
        }
        if graphs == 0 { isKept = true }
    }
}

/// What the signatures of a `tensorflow.MetaGraphDef` make use of.
private struct GraphUse {
    /// A node of the graph, or all nodes of a function together.
    fileprivate struct Part {
        /// Operations, or functions by the same kind of name.
        var operations: Set<String> = []
        /// Nodes of the graph.
        var inputs: Set<String> = []
    }

    private var nodes: [String: Part] = [:]
    private var functions: [String: Part] = [:]
    private var roots: Set<String> = []
    /// By name: whether an operation can do nothing but compute.
    private var isPlain: [String: Bool] = [:]
    /// Of a signature whose tensors are not told one by one, nothing is known.
    private var hasUnknownRoots = false

    /// What initialises a model runs when it is loaded, and never again.
    private static let loadSignatures: Set = ["__saved_model_init_op", "__saved_model_train_op"]
    /// Operations that have to do with variables, tables or chance, and leave nothing behind but a step in a sequence of
    /// random numbers.
    private static let harmless: Set = [
        "VarHandleOp", "ReadVariableOp", "VariableShape", "VarIsInitializedOp", "ResourceGather", "ResourceGatherNd",
        "Variable", "VariableV2", "HashTable", "HashTableV2", "LookupTableFind", "LookupTableFindV2", "LookupTableSize",
        "LookupTableSizeV2", "PartitionedCall", "StatefulPartitionedCall", "If", "StatelessIf", "While",
        "StatelessWhile", "Case", "StatelessCase", "Assert", "Print", "PrintV2", "RandomUniform", "RandomUniformInt",
        "RandomStandardNormal", "TruncatedNormal", "RandomShuffle", "Multinomial", "Placeholder",
    ]
    /// Operations that read files, though nothing is kept of that.
    private static let readers: Set = [
        "ReadFile", "MatchingFiles", "Restore", "RestoreSlice", "RestoreV2", "ImmutableConst", "PyFunc",
        "PyFuncStateless", "EagerPyFunc",
    ]

    init(_ metaGraph: UnsafeRawBufferPointer) throws(ProtobufReader.Malformed) {
        try metaGraph.eachField { (field, bytes) throws(ProtobufReader.Malformed) in
            switch field {
            case 1: try readOperations(bytes)  // meta_info_def
            case 2: try readGraph(bytes)  // graph_def
            case 5: try readSignature(bytes)  // signature_def
            default: return
            }
        }
    }

    // MARK: What there is

    /// stripped_op_list = 2 { op = 1 }
    private mutating func readOperations(_ info: UnsafeRawBufferPointer) throws(ProtobufReader.Malformed) {
        try info.eachField { (field, list) throws(ProtobufReader.Malformed) in
            guard field == 2 else { return }
            try list.eachField { (field, operation) throws(ProtobufReader.Malformed) in
                if field == 1 { try readOperation(operation) }
            }
        }
    }

    /// name = 1, input_arg = 2 { type = 3, is_ref = 16 }, is_stateful = 17
    private mutating func readOperation(_ operation: UnsafeRawBufferPointer) throws(ProtobufReader.Malformed) {
        var reader = ProtobufReader(operation)
        var name = ""
        var plain = true
        while let (field, value) = try reader.next() {
            switch (field, value) {
            case (1, .bytes(let bytes)): name = String(decoding: bytes, as: UTF8.self)
            case (2, .bytes(let argument)): if try Self.isHandle(argument) { plain = false }
            case (17, .varint(let isStateful)): if isStateful != 0 { plain = false }
            default: continue
            }
        }
        isPlain[name] = plain && isPlain[name] != false
    }

    /// Whether what it takes is a variable, a table or the like, by reference or as a resource (20).
    private static func isHandle(_ argument: UnsafeRawBufferPointer) throws(ProtobufReader.Malformed) -> Bool {
        var reader = ProtobufReader(argument)
        var isHandle = false
        while let (field, value) = try reader.next() {
            guard case .varint(let number) = value else { continue }
            if field == 16 && number != 0 || field == 3 && number == 20 { isHandle = true }
        }
        return isHandle
    }

    /// node = 1, library = 2 { function = 1 }
    private mutating func readGraph(_ graph: UnsafeRawBufferPointer) throws(ProtobufReader.Malformed) {
        try graph.eachField { (field, bytes) throws(ProtobufReader.Malformed) in
            if field == 1 {
                var part = Part()
                let name = try Self.read(bytes, into: &part)
                nodes[name, default: Part()].join(part)
            }
            guard field == 2 else { return }
            try bytes.eachField { (field, function) throws(ProtobufReader.Malformed) in
                if field == 1 { try readFunction(function) }
            }
        }
    }

    /// signature = 1 { name = 1 }, node_def = 3
    private mutating func readFunction(_ function: UnsafeRawBufferPointer) throws(ProtobufReader.Malformed) {
        var part = Part()
        var name = ""
        try function.eachField { (field, bytes) throws(ProtobufReader.Malformed) in
            if field == 3 { _ = try Self.read(bytes, into: &part) }
            guard field == 1 else { return }
            try bytes.eachField { (field, bytes) throws(ProtobufReader.Malformed) in
                if field == 1 { name = String(decoding: bytes, as: UTF8.self) }
            }
        }
        functions[name, default: Part()].join(part)
    }

    /// name = 1, op = 2, input = 3, attr = 5 { value = 2 }
    ///
    /// - Returns: its name.
    private static func read(
        _ node: UnsafeRawBufferPointer,
        into part: inout Part
    ) throws(ProtobufReader.Malformed) -> String {
        var name = ""
        try node.eachField { (field, bytes) throws(ProtobufReader.Malformed) in
            switch field {
            case 1: name = String(decoding: bytes, as: UTF8.self)
            case 2: part.operations.insert(String(decoding: bytes, as: UTF8.self))
            case 3: part.inputs.insert(Self.node(of: String(decoding: bytes, as: UTF8.self)))
            case 5: try readAttribute(try SignatureDefinition.mapEntry(bytes).value, into: &part)
            default: return
            }
        }
        return name
    }

    /// list = 1 { func = 9 }, func = 10 { name = 1 }
    private static func readAttribute(
        _ attribute: UnsafeRawBufferPointer,
        into part: inout Part
    ) throws(ProtobufReader.Malformed) {
        func add(_ function: UnsafeRawBufferPointer) throws(ProtobufReader.Malformed) {
            try function.eachField { (field, bytes) throws(ProtobufReader.Malformed) in
                if field == 1 { part.operations.insert(String(decoding: bytes, as: UTF8.self)) }
            }
        }
        try attribute.eachField { (field, bytes) throws(ProtobufReader.Malformed) in
            if field == 10 { try add(bytes) }
            guard field == 1 else { return }
            try bytes.eachField { (field, bytes) throws(ProtobufReader.Malformed) in
                if field == 9 { try add(bytes) }
            }
        }
    }

    private mutating func readSignature(_ entry: UnsafeRawBufferPointer) throws(ProtobufReader.Malformed) {
        let (key, value) = try SignatureDefinition.mapEntry(entry)
        guard !Self.loadSignatures.contains(key) else { return }
        for output in try SignatureDefinition(value).outputs.values {
            if case .tensor(let tensor) = output.encoding {
                roots.insert(Self.node(of: tensor))
            } else {
                hasUnknownRoots = true
            }
        }
    }

    /// `^name` waits for a node, `name:1` is its second output.
    private static func node(of input: String) -> String {
        let name = input.hasPrefix("^") ? input.dropFirst() : input[...]
        return String(name.prefix { $0 != ":" })
    }

    // MARK: What is reached

    var isStateless: Bool {
        guard !hasUnknownRoots else { return false }
        var (waiting, seenNodes) = (Array(roots), roots)
        var operations: [String] = []
        var seenOperations: Set<String> = []
        while let name = waiting.popLast() {
            guard let node = nodes[name] else { return false }
            operations += node.operations.filter { seenOperations.insert($0).inserted }
            waiting += node.inputs.filter { seenNodes.insert($0).inserted }
        }
        while let name = operations.popLast() {
            if let function = functions[name] {
                operations += function.operations.filter { seenOperations.insert($0).inserted }
            } else if !leavesNothing(name) {
                return false
            }
        }
        return true
    }

    private func leavesNothing(_ operation: String) -> Bool {
        if Self.harmless.contains(operation) { return true }
        return isPlain[operation] ?? false && !Self.readers.contains(operation) && !operation.contains("Dataset")
    }
}

extension GraphUse.Part {
    fileprivate mutating func join(_ other: Self) {
        operations.formUnion(other.operations)
        inputs.formUnion(other.inputs)
    }
}

extension UnsafeRawBufferPointer {
    /// Calls `body` with each field that is bytes.
    fileprivate func eachField(
        _ body: (Int, UnsafeRawBufferPointer) throws(ProtobufReader.Malformed) -> Void
    ) throws(ProtobufReader.Malformed) {
        var reader = ProtobufReader(self)
        while let (field, value) = try reader.next() {
            if case .bytes(let bytes) = value { try body(field, bytes) }
        }
    }
}
