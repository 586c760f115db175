import EngineInterface
import ModelSignatures
import ServingPrimitives
import Tensors

/// What a signature of a shard does. Tables are numbers of the shard's.
enum ShardAction: Hashable {
    /// Ids of each table, by its name: input and output of one number belong together.
    case lookup([Int])
    /// Ids of all tables in one tensor, with splits.
    case rawLookup([Int])
    /// Rows of tables, by their names; one for each output.
    case assign([Assignment])
    /// Rows of all tables in one tensor, with splits.
    case rawAssign([Int])

    struct Assignment: Hashable {
        var table: Int
        /// Inputs of the signature.
        var ids: Int
        var values: Int
    }

    /// Names of signatures that shards have.
    static func isKnown(_ name: String) -> Bool {
        [Name.lookup, Name.rawLookup, Name.assign].contains(name) || name.hasSuffix(Name.rawAssignEnd)
            || isInternal(name)
    }

    /// Of TensorFlow's own, which nobody calls.
    static func isInternal(_ name: String) -> Bool { name.hasPrefix("__saved_model_") }

    private enum Name {
        static let lookup = "lookup"
        static let rawLookup = "raw_lookup"
        static let assign = "hashtable_assign"
        /// Behind the shared name of the tables.
        static let rawAssignEnd = "/raw_assign"
    }
}

extension ShardAction {
    /// - Parameters:
    ///   - signature: as the file states it.
    ///   - groups: whose tables have their numbers in this order.
    /// - Throws: what about the signature does not fit the tables.
    init(_ signature: Signature, _ groups: [TableGroup]) throws(ServingError) {
        let tables = NumberedTables(groups)
        switch signature.name {
        case Name.lookup: self = .lookup(try Self.lookedUp(signature, tables))
        case Name.rawLookup:
            let multi = tables.multi
            guard multi.count == 1 else {
                throw .invalidArgument(
                    "signature \(signature.name) looks up in one multi-table; the graph makes \(multi.count)"
                )
            }
            try Self.check(signature, inputs: ["id", "id_split"], outputs: ["flat_emb"])
            self = .rawLookup(multi[0].numbers)
        case Name.assign: self = try Self.assignment(signature, tables)
        default:
            // Unknown ones end here, too, as they name no tables.
            let name = signature.name.dropLast(Name.rawAssignEnd.count)
            guard let group = tables.multi.first(where: { $0.sharedName == name }) else {
                throw .invalidArgument("signature \(signature.name): the graph makes no multi-table \(name)")
            }
            try Self.check(signature, inputs: ["flat_value", "id", "id_split"], outputs: ["result"])
            self = .rawAssign(group.numbers)
        }
    }

    private static func lookedUp(_ signature: Signature, _ tables: NumberedTables) throws(ServingError) -> [Int] {
        guard signature.inputs.map(\.name) == signature.outputs.map(\.name) else {
            throw .invalidArgument("signature \(signature.name): inputs and outputs have different names")
        }
        var numbers: [Int] = []
        for output in signature.outputs {
            let number = try tables.number(output.name, signature)
            try tables.checkWidth(number, output, signature)
            numbers.append(number)
        }
        return numbers
    }

    private static func assignment(_ signature: Signature, _ tables: NumberedTables) throws(ServingError) -> ShardAction
    {
        let inputs = Dictionary(uniqueKeysWithValues: zip(signature.inputs.map(\.name), signature.inputs.indices))
        var assignments: [Assignment] = []
        for output in signature.outputs {
            guard output.name.hasSuffix("_result") else {
                throw .invalidArgument(
                    "signature \(signature.name) has the output \(output.name); expected TABLE_result"
                )
            }
            let name = String(output.name.dropLast("_result".count))
            guard let ids = inputs["\(name)_id"], let values = inputs["\(name)_value"] else {
                throw .invalidArgument("signature \(signature.name) lacks \(name)_id or \(name)_value")
            }
            let number = try tables.number(name, signature)
            try tables.checkWidth(number, signature.inputs[values], signature)
            assignments.append(Assignment(table: number, ids: ids, values: values))
        }
        guard assignments.count * 2 == inputs.count else {
            throw .invalidArgument("signature \(signature.name) has inputs that belong to no table")
        }
        return .assign(assignments)
    }

    private static func check(
        _ signature: Signature,
        inputs: [String],
        outputs: [String]
    ) throws(ServingError) {
        guard signature.inputs.map(\.name) == inputs, signature.outputs.map(\.name) == outputs else {
            func list(_ names: [String]) -> String { names.joined(separator: ", ") }
            throw .invalidArgument(
                "signature \(signature.name) takes (\(list(signature.inputs.map(\.name)))) and gives "
                    + "(\(list(signature.outputs.map(\.name)))); expected (\(list(inputs))) and (\(list(outputs)))"
            )
        }
    }
}

/// The tables of all groups, counted through.
private struct NumberedTables {
    private let tables: [ShardTable]
    private let numbers: [String: [Int]]
    let multi: [(sharedName: String, numbers: [Int])]

    init(_ groups: [TableGroup]) {
        var tables: [ShardTable] = []
        var multi: [(sharedName: String, numbers: [Int])] = []
        for group in groups {
            let first = tables.count
            tables += group.tables
            if group.kind == .multi { multi.append((group.sharedName, Array(first..<tables.count))) }
        }
        self.tables = tables
        self.multi = multi
        numbers = Dictionary(grouping: tables.indices) { [tables] in tables[$0].name }
    }

    func number(_ name: String, _ signature: Signature) throws(ServingError) -> Int {
        let fitting = numbers[name] ?? []
        guard fitting.count == 1 else {
            throw .invalidArgument(
                "signature \(signature.name) names table \(name), and the graph makes \(fitting.count) of that name"
            )
        }
        return fitting[0]
    }

    /// Whether the declared rows are as wide as the table's.
    func checkWidth(_ number: Int, _ parameter: Signature.Parameter, _ signature: Signature) throws(ServingError) {
        let width = tables[number].configuration.format.dimension
        guard let shape = parameter.shape, shape.count == 2, shape[1] != -1, shape[1] != width else { return }
        throw .invalidArgument(
            "signature \(signature.name) has rows of \(shape[1]) numbers for table \(tables[number].name), whose "
                + "configuration says \(width)"
        )
    }
}
