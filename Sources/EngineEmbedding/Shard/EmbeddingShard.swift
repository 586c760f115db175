package import EngineInterface
package import ServingPrimitives
package import Tensors

/// A shard of embeddings in memory: tables, and signatures that look up in them and change them.
package final class EmbeddingShard: LoadedModel {
    package let signatures: [Signature]
    private let actions: [ShardAction]
    private let tables: TableSet

    init(_ signatures: [BoundSignature], tables: TableSet) {
        self.signatures = signatures.map(\.signature)
        actions = signatures.map(\.action)
        self.tables = tables
    }

    package var externalBytes: Int { tables.byteCount }

    /// Of each table.
    var statistics: [TableStatistics] { tables.statistics.map(\.statistics) }

    package func close() { tables.close() }

    package func run(_ request: RunRequest) throws(ServingError) -> [Tensor] {
        guard !tables.isClosed else { throw .unavailable("the model is closed") }
        let signature = signatures[request.signature]
        guard request.inputs.count == signature.inputs.count else {
            throw .internalError(
                "signature \(signature.name) takes \(signature.inputs.count) inputs, not \(request.inputs.count)"
            )
        }
        let inputs = ShardInputs(signature, request.inputs)
        switch actions[request.signature] {
        case .lookup(let numbers): return try lookup(numbers, inputs, outputs: request.outputs)
        case .rawLookup(let numbers):
            let ids = try inputs.vector("id", of: .int64)
            let splits = try inputs.vector("id_split", of: .int64)
            let embeddings = try tables.lookup(numbers, ids, splits: splits)
            return request.outputs.map { _ in embeddings }
        case .assign(let assignments): return try assign(assignments, inputs, outputs: request.outputs)
        case .rawAssign(let numbers):
            let ids = try inputs.vector("id", of: .int64)
            let splits = try inputs.vector("id_split", of: .int64)
            let values = try inputs.vector("flat_value", of: .float32)
            try tables.assign(numbers, ids, splits: splits, values)
            let result = try Self.scalar(0)
            return request.outputs.map { _ in result }
        }
    }

    private func lookup(_ numbers: [Int], _ inputs: ShardInputs, outputs: [Int]) throws(ServingError) -> [Tensor] {
        // Also those that nobody asked for must be ids, as for a graph.
        for index in numbers.indices { _ = try inputs.vector(index, of: .int64) }
        return try outputs.map { (output) throws(ServingError) in
            try tables.lookup(numbers[output], inputs.tensors[output])
        }
    }

    private func assign(
        _ assignments: [ShardAction.Assignment],
        _ inputs: ShardInputs,
        outputs: [Int]
    ) throws(ServingError) -> [Tensor] {
        var rows: [TableSet.Rows] = []
        for assignment in assignments {
            let ids = try inputs.vector(assignment.ids, of: .int64)
            let width = tables.widths[assignment.table]
            let values = try inputs.matrix(assignment.values, of: .float32, width: width)
            rows.append(TableSet.Rows(number: assignment.table, ids: ids, values: values))
        }
        try tables.assign(rows)
        return try outputs.map { (output) throws(ServingError) in try Self.scalar(rows[output].ids.shape.elementCount) }
    }

    private static func scalar(_ value: Int) throws(ServingError) -> Tensor {
        do {
            return try Tensor(.int32, .scalar, scalars: [Int32(clamping: value)])
        } catch {
            throw .internalError(error.description)
        }
    }
}
