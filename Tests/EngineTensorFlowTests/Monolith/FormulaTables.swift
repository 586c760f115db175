import EngineInterface
import ServingPrimitives
import Synchronization
import Tensors

/// Makes tables whose rows follow from their dump's name. A configuration is the widths of the tables: `2,3`.
final class FormulaTableKeeper: EmbeddingTableKeeping {
    struct Made: Equatable {
        var definition: EmbeddingTableDefinition
        var folder: String
    }

    let made = Mutex<[Made]>([])
    let closed = Mutex<[String]>([])
    /// What tables are refused with.
    private let refusal: ServingError?
    /// What pushes are refused with.
    private let pushRefusal: ServingError?

    init(refusal: ServingError? = nil, pushRefusal: ServingError? = nil) {
        self.refusal = refusal
        self.pushRefusal = pushRefusal
    }

    func makeTables(
        _ definition: EmbeddingTableDefinition,
        in folder: String
    ) throws(ServingError) -> any EmbeddingTables {
        if let refusal { throw refusal }
        made.withLock { $0.append(Made(definition: definition, folder: folder)) }
        let text = String(decoding: definition.configuration, as: UTF8.self)
        let widths = text.split(separator: ",").compactMap { Int($0) }
        guard !widths.isEmpty else { throw .invalidArgument("the configuration \(text) is none") }
        return FormulaTables(
            widths,
            dump: definition.dump,
            refusal: pushRefusal,
            end: { [self] in closed.withLock { $0.append(definition.sharedName) } }
        )
    }

    var dumps: [String?] { made.withLock { $0.map(\.definition.dump) } }
}

/// Of the dump `x_7` the row of an id is 7 * id, and one more in each column; other tables have zeros. Pushes replace rows.
private final class FormulaTables: EmbeddingTables {
    let widths: [Int]
    private let factor: Float?
    private let refusal: ServingError?
    private let end: @Sendable () -> Void
    private let pushed = Mutex<[Key: [Float]]>([:])

    private struct Key: Hashable {
        var table: Int
        var id: Int64
    }

    init(_ widths: [Int], dump: String?, refusal: ServingError?, end: @escaping @Sendable () -> Void) {
        self.widths = widths
        factor = dump.flatMap { $0.split(separator: "_").last }.flatMap { Float($0) }
        self.refusal = refusal
        self.end = end
    }

    private func row(_ table: Int, _ id: Int64) -> [Float] {
        if let row = pushed.withLock({ $0[Key(table: table, id: id)] }) { return row }
        return (0..<widths[table]).map { column in factor.map { $0 * Float(id) + Float(column) } ?? 0 }
    }

    /// Each id with its table.
    private func keys(_ ids: Tensor, _ splits: Tensor) throws(ServingError) -> [Key] {
        let (ids, splits) = (ids.scalars(as: Int64.self), splits.scalars(as: Int64.self))
        guard splits.count % widths.count == 1 % widths.count, splits.last == Int64(ids.count) else {
            throw .invalidArgument("id_split must be \(widths.count + 1). Current: \(splits.count)")
        }
        var keys: [Key] = []
        for part in 0..<splits.count - 1 {
            for id in ids[Int(splits[part])..<Int(splits[part + 1])] {
                keys.append(Key(table: part % widths.count, id: id))
            }
        }
        return keys
    }

    func lookup(_ ids: Tensor, splits: Tensor) throws(ServingError) -> Tensor {
        .floats(try keys(ids, splits).flatMap { row($0.table, $0.id) })
    }

    func lookup(_ ids: Tensor) throws(ServingError) -> Tensor {
        let numbers = ids.scalars(as: Int64.self).flatMap { row(0, $0) }
        do {
            return try Tensor(.float32, TensorShape([ids.shape.elementCount, widths[0]]), scalars: numbers)
        } catch {
            throw .internalError(error.description)
        }
    }

    func assign(_ ids: Tensor, splits: Tensor, _ values: Tensor) throws(ServingError) {
        try push(try keys(ids, splits), values)
    }

    func assign(_ ids: Tensor, _ values: Tensor) throws(ServingError) {
        try push(ids.scalars(as: Int64.self).map { Key(table: 0, id: $0) }, values)
    }

    private func push(_ keys: [Key], _ values: Tensor) throws(ServingError) {
        if let refusal { throw refusal }
        var rest = values.scalars(as: Float.self)[...]
        guard keys.reduce(0, { $0 + widths[$1.table] }) == rest.count else {
            throw .invalidArgument("the rows have \(rest.count) numbers")
        }
        for key in keys {
            let row = Array(rest.prefix(widths[key.table]))
            pushed.withLock { $0[key] = row }
            rest = rest.dropFirst(widths[key.table])
        }
    }

    var byteCount: Int { 1_000 }

    func close() { end() }
}
