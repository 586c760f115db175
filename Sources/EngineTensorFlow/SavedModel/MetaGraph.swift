package import ModelSignatures

/// What a server needs to know of a `tensorflow.MetaGraphDef`. Field numbers are those of
/// tensorflow/core/protobuf/meta_graph.proto, tensorflow/core/framework/graph.proto, function.proto and node_def.proto.
package struct MetaGraph {
    /// By key; where a key is repeated the last one counts, as in any protobuf map.
    private(set) var signatures: [String: SignatureDefinition] = [:]
    /// Whether a run may take any time, whatever earlier runs took: it has loops or waits for something.
    private(set) var mayRunLong = false
    /// Whether there are operations of Monolith's.
    private(set) var hasMonolithOperations = false

    package init(_ serialized: UnsafeRawBufferPointer) throws(ProtobufReader.Malformed) {
        var reader = ProtobufReader(serialized)
        while let (field, value) = try reader.next() {
            guard case .bytes(let bytes) = value else { continue }
            switch field {
            case 2: try readGraph(bytes)  // graph_def
            case 5: try readSignature(bytes)  // signature_def
            default: continue
            }
        }
    }

    /// One entry of the map: key = 1, value = 2.
    private mutating func readSignature(_ entry: UnsafeRawBufferPointer) throws(ProtobufReader.Malformed) {
        let (key, value) = try SignatureDefinition.mapEntry(entry)
        signatures[key] = try SignatureDefinition(value)
    }

    /// node = 1, library = 2 { function = 1 { node_def = 3 } }
    private mutating func readGraph(_ graph: UnsafeRawBufferPointer) throws(ProtobufReader.Malformed) {
        var reader = ProtobufReader(graph)
        while let (field, value) = try reader.next() {
            guard case .bytes(let bytes) = value else { continue }
            if field == 1 { try readNode(bytes) }
            if field == 2 { try readLibrary(bytes) }
        }
    }

    private mutating func readLibrary(_ library: UnsafeRawBufferPointer) throws(ProtobufReader.Malformed) {
        var functions = ProtobufReader(library)
        while let (field, value) = try functions.next() {
            guard field == 1, case .bytes(let function) = value else { continue }
            var members = ProtobufReader(function)
            while let (field, value) = try members.next() {
                if field == 3, case .bytes(let node) = value { try readNode(node) }
            }
        }
    }

    /// name = 1, op = 2; the rest (attributes with the constants) is left alone.
    private mutating func readNode(_ node: UnsafeRawBufferPointer) throws(ProtobufReader.Malformed) {
        var reader = ProtobufReader(node)
        while let (field, value) = try reader.next() {
            guard field == 2, case .bytes(let type) = value else { continue }
            if Self.unboundedOperations.contains(where: { $0.utf8CodeUnitCount == type.count && type.starts(with: $0) })
            {
                mayRunLong = true
            }
            if MonolithOperations.include(type) { hasMonolithOperations = true }
            return
        }
    }

    /// Loops of both generations of control flow, and operations that wait for another run.
    private static let unboundedOperations: [StaticString] = [
        "While", "StatelessWhile", "Enter", "RefEnter", "QueueDequeue", "QueueDequeueV2", "QueueDequeueMany",
        "QueueDequeueManyV2", "QueueDequeueUpTo", "QueueDequeueUpToV2", "QueueEnqueueV2", "QueueEnqueueManyV2",
        "BarrierTakeMany", "MapUnstage", "Unstage", "IteratorGetNext", "IteratorGetNextSync",
    ]
}

extension UnsafeRawBufferPointer {
    fileprivate func starts(with text: StaticString) -> Bool {
        starts(with: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }
}
