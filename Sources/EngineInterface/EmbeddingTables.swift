public import ServingPrimitives
public import Tensors

/// Has the embedding tables of graphs that keep them in themselves.
///
/// Given to an engine with a `LoadRequest`: engines do not know each other.
public protocol EmbeddingTableKeeping: Sendable {
    /// Makes the tables of one operation of a graph, with the rows of their dump where there is one. Blocks: a dump that was never
    /// read is imported.
    ///
    /// - Parameter folder: of the version whose graph it is.
    /// - Throws: `INVALID_ARGUMENT` for a configuration that is none, or that the dump contradicts; `NOT_FOUND`,
    ///   `FAILED_PRECONDITION` and `DATA_LOSS` for what is wrong with the dump, with file and record.
    func makeTables(
        _ definition: EmbeddingTableDefinition,
        in folder: String
    ) throws(ServingError) -> any EmbeddingTables
}

/// Tables that one operation of a graph makes.
public struct EmbeddingTableDefinition: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        /// Any number, of a `MultiEmbeddingHashTableConfig` of Monolith's, which names them.
        case multi
        /// One, of an `EmbeddingHashTableConfig`.
        case plain
    }

    public var kind: Kind
    /// By which other operations of the graph find them.
    public var sharedName: String
    /// The serialized message.
    public var configuration: [UInt8]
    /// What the names of the dump's files begin with, as the graph says it; `nil` for tables that begin without rows.
    public var dump: String?

    public init(kind: Kind, sharedName: String, configuration: [UInt8], dump: String? = nil) {
        self.kind = kind
        self.sharedName = sharedName
        self.configuration = configuration
        self.dump = dump
    }
}

/// The tables of one operation of a graph, in memory. Any number of threads may look up and assign at any time.
public protocol EmbeddingTables: AnyObject, Sendable {
    /// How many numbers a row has, of each table.
    var widths: [Int] { get }

    /// Rows of all tables; zeros for ids without one.
    ///
    /// - Parameters:
    ///   - ids: int64 [n].
    ///   - splits: int64 [k * tables + 1]: where each table begins and ends in `ids`, for k requests one behind the other.
    /// - Returns: float32 [m]: the rows in the order of the ids.
    /// - Throws: `INVALID_ARGUMENT` for splits that are none.
    func lookup(_ ids: Tensor, splits: Tensor) throws(ServingError) -> Tensor

    /// Rows of the first table; zeros for ids without one.
    ///
    /// - Parameter ids: int64 [n].
    /// - Returns: float32 [n, width].
    func lookup(_ ids: Tensor) throws(ServingError) -> Tensor

    /// Changes rows of all tables, or none where something does not fit.
    ///
    /// - Parameters:
    ///   - ids, splits: as for `lookup`.
    ///   - values: float32 [m]: the rows in the order of the ids.
    /// - Throws: `INVALID_ARGUMENT` for what does not fit; `RESOURCE_EXHAUSTED` when rows were refused for want of room.
    func assign(_ ids: Tensor, splits: Tensor, _ values: Tensor) throws(ServingError)

    /// Changes rows of the first table, or none where something does not fit.
    ///
    /// - Parameters:
    ///   - ids: int64 [n].
    ///   - values: float32 [n, width].
    /// - Throws: as the other.
    func assign(_ ids: Tensor, _ values: Tensor) throws(ServingError)

    /// Bytes of memory that the tables hold and this process has not allocated.
    var byteCount: Int { get }

    /// Gives their memory back. Called once, when nothing uses them any more.
    func close()
}
