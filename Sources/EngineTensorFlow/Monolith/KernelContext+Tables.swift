import EngineInterface
import ServingPrimitives
import Tensors

/// What operations of embedding tables have in common.
extension KernelContext {
    /// The tables of the graph that runs.
    func graphTables() throws(ServingError) -> GraphTables {
        guard let run = RunContext.current else { throw outsideOfRun }
        guard let tables = run.host.tables else {
            throw .failedPrecondition("\(operation): nobody has embedding tables for this graph")
        }
        return tables
    }

    /// The shared name of the tables that an input stands for.
    func tableName(_ index: Int, _ name: StaticString) throws(ServingError) -> String {
        guard let handle = ResourceHandle(try input(index)), handle.kind == .tables else {
            throw invalid("\(name) is no handle of hash tables")
        }
        return handle.name
    }

    /// The tables that an input stands for.
    func tables(_ index: Int, _ name: StaticString) throws(ServingError) -> any EmbeddingTables {
        let sharedName = try tableName(index, name)
        return try naming { () throws(ServingError) in try graphTables().find(sharedName) }
    }

    /// The one table that an input stands for.
    func plainTable(_ index: Int, _ name: StaticString) throws(ServingError) -> (any EmbeddingTables, width: Int) {
        let tables = try tables(index, name)
        let widths = tables.widths
        guard widths.count == 1 else { throw invalid("\(name) stands for \(widths.count) tables; 1 is expected") }
        return (tables, widths[0])
    }

    /// An input of so many dimensions.
    func tensor(_ index: Int, _ name: StaticString, rank: Int) throws(ServingError) -> Tensor {
        let tensor = try tensor(index)
        guard tensor.shape.rank == rank else {
            throw invalid("\(name) has \(tensor.shape.rank) dimensions; \(rank) \(rank == 1 ? "is" : "are") expected")
        }
        return tensor
    }

    /// The only string of an input.
    func string(_ index: Int, _ name: StaticString) throws(ServingError) -> [UInt8] {
        let strings = try tensor(index).stringValues()
        guard strings.count == 1 else { throw invalid("\(name) has \(strings.count) strings; 1 is expected") }
        return strings[0]
    }

    /// Passes an input on.
    func pass(_ index: Int, to output: Int) throws(ServingError) { try set(output, to: try input(index)) }

    /// What `body` gives; its errors are given the operation's name in front.
    func naming<R>(_ body: () throws(ServingError) -> R) throws(ServingError) -> R {
        do throws(ServingError) {
            return try body()
        } catch {
            var error = error
            if !error.message.hasPrefix("\(operation): ") { error.message = "\(operation): \(error.message)" }
            throw error
        }
    }
}

extension NodeDefinition {
    /// By which operations of a graph find the same tables: the attribute, or the node's own name.
    func sharedName() throws(ServingError) -> String {
        let name = try text("shared_name")
        return name.isEmpty ? self.name : name
    }
}
