import ServingPrimitives
import Synchronization
import Tensors

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Tables in memory whose pushes come together: those of a shard, or those that one operation of a graph made.
final class TableSet: @unchecked Sendable {
    // Sendable: `tables` and `member` change in `close` only, which is called when nothing runs any more; who asks for statistics at any
    // time takes the copy under the lock.

    struct Table {
        let name: String
        /// Of the journal's.
        let key: String
        let rows: EmbeddingTable
        /// Pushed rows of zeros remove their ids.
        let erasesZeros: Bool
        /// When the rows of the dump were saved, in seconds since 1970; 0 without a dump.
        let dumpTime: UInt32
        let upkeep: TableUpkeep
        /// Of its snapshot; `nil` for a table that began without rows.
        let source: SHA256Digest?
    }

    /// How many numbers a row has, of each table.
    let widths: [Int]
    private var tables: [Table]
    /// The same for those who may ask after the end.
    private let shown: Mutex<[Table]>
    private let cache: SnapshotCache
    /// Where pushes are kept; `nil` when they are not.
    private let journal: PushJournal?
    private var member: JournalMember

    /// More than a client may ask for at once: the answer is a message of at most two gigabytes.
    private static let maximumOutputBytes = Int(Int32.max)

    init(_ tables: [Table], cache: SnapshotCache, journal: PushJournal?) {
        widths = tables.map(\.rows.format.dimension)
        self.tables = tables
        shown = Mutex(tables)
        self.cache = cache
        self.journal = journal
        member = JournalMember(
            tables.map {
                JournalMember.Table(key: $0.key, rows: $0.rows, erasesZeros: $0.erasesZeros, dumpTime: $0.dumpTime)
            }
        )
        for table in tables { if let source = table.source { cache.use(source) } }
    }

    var isClosed: Bool { tables.isEmpty }

    /// Applies the pushes to other versions, those of earlier runs, and from then on all.
    func joinJournal() throws(ServingError) { try journal?.join(member) }

    /// What is done at times beside requests.
    ///
    /// - Parameter now: in seconds since 1970.
    func runUpkeep(now: UInt32) { for table in shown.withLock({ $0 }) { table.upkeep.run(now: now) } }

    /// Bytes of files that are mapped, and of what was pushed.
    var byteCount: Int { statistics.reduce(0) { $0 + $1.statistics.snapshotBytes + $1.statistics.overlayBytes } }

    /// Of each table, by its name.
    var statistics: [(name: String, statistics: TableStatistics)] {
        shown.withLock { $0 }.map { ($0.name, $0.rows.statistics) }
    }

    func close() {
        journal?.leave(member)
        member = JournalMember([])
        for table in tables { if let source = table.source { cache.release(source) } }
        tables = []
        shown.withLock { $0 = [] }
        SystemAllocator.giveBack()
    }

    // MARK: - Looking up

    /// Rows of one table.
    ///
    /// - Parameters:
    ///   - number: of the table.
    ///   - ids: int64 [n].
    /// - Returns: float32 [n, width].
    func lookup(_ number: Int, _ ids: Tensor) throws(ServingError) -> Tensor {
        let table = tables[number].rows
        var rows = try Self.buffer(ids.shape.elementCount, width: table.format.dimension, isFlat: false)
        ids.withIDs { ids in
            rows.withUnsafeMutableBytes { _ = table.lookup(ids, into: $0.assumingMemoryBound(to: Float.self)) }
        }
        return rows.freeze()
    }

    /// Rows of several tables, one behind the other.
    ///
    /// - Parameters:
    ///   - numbers: of the tables, in the order in which `splits` has them.
    ///   - ids: int64 [n].
    ///   - splits: int64 [m].
    /// - Returns: float32 [k].
    func lookup(_ numbers: [Int], _ ids: Tensor, splits: Tensor) throws(ServingError) -> Tensor {
        let parts = try parts(numbers, ids, splits)
        var numberCount = 0
        for part in parts { numberCount = try Self.sum(numberCount, part.numberCount) }
        var embeddings = try Self.buffer(numberCount, width: 1, isFlat: true)
        ids.withIDs { ids in
            embeddings.withUnsafeMutableBytes { bytes in
                let target = bytes.assumingMemoryBound(to: Float.self)
                var offset = 0
                for part in parts {
                    let range = UnsafeMutableBufferPointer(rebasing: target[offset..<offset + part.numberCount])
                    part.table.lookup(UnsafeBufferPointer(rebasing: ids[part.ids]), into: range)
                    offset += part.numberCount
                }
            }
        }
        return embeddings.freeze()
    }

    private static func buffer(_ rows: Int, width: Int, isFlat: Bool) throws(ServingError) -> TensorBuffer {
        let (count, tooMany) = rows.multipliedReportingOverflow(by: width)
        let (bytes, tooLarge) = count.multipliedReportingOverflow(by: MemoryLayout<Float>.stride)
        guard !tooMany, !tooLarge, bytes <= maximumOutputBytes else {
            throw .invalidArgument("\(rows) rows of \(width) numbers are more than an answer may have")
        }
        do {
            return try TensorBuffer(.float32, isFlat ? .vector(count) : TensorShape([rows, width]))
        } catch {
            throw ServingError(.resourceExhausted, error.description)
        }
    }

    // MARK: - Requests of all tables

    /// Ids of one table in a request.
    private struct Part {
        let table: EmbeddingTable
        /// Of the set's.
        let number: Int
        let ids: Range<Int>
        /// Of all rows.
        let numberCount: Int
    }

    /// Splits ids by table. There may be several requests in one: their ids and their splits lie one behind the other, so
    /// `id_split` has as many parts as tables for each.
    ///
    /// - Throws: `INVALID_ARGUMENT` for splits that are none.
    private func parts(_ numbers: [Int], _ ids: Tensor, _ splits: Tensor) throws(ServingError) -> [Part] {
        let count = splits.shape.elementCount
        guard count > numbers.count, (count - 1) % numbers.count == 0 else {
            throw .invalidArgument("id_split must be \(numbers.count + 1). Current: \(count)")
        }
        let total = ids.shape.elementCount
        return try splits.withIDs { splits throws(ServingError) in
            guard splits[0] == 0, splits[count - 1] == Int64(total) else {
                throw .invalidArgument(
                    "id_split goes from \(splits[0]) to \(splits[count - 1]); expected 0 to \(total), the number of ids"
                )
            }
            var parts: [Part] = []
            parts.reserveCapacity(count - 1)
            for index in 0..<count - 1 {
                // With the ends as they are, order keeps all between them.
                guard splits[index] <= splits[index + 1] else {
                    throw .invalidArgument(
                        "id_split has \(splits[index + 1]) behind \(splits[index]), at place \(index + 1); it must not fall"
                    )
                }
                let number = numbers[index % numbers.count]
                let table = tables[number]
                let range = Int(splits[index])..<Int(splits[index + 1])
                let (numberCount, overflow) = range.count.multipliedReportingOverflow(by: table.rows.format.dimension)
                guard !overflow else { throw Self.tooMany }
                parts.append(Part(table: table.rows, number: number, ids: range, numberCount: numberCount))
            }
            return parts
        }
    }

    private static var tooMany: ServingError { .invalidArgument("a request has more numbers than can be counted") }

    private static func sum(_ a: Int, _ b: Int) throws(ServingError) -> Int {
        let (sum, overflow) = a.addingReportingOverflow(b)
        guard !overflow else { throw tooMany }
        return sum
    }

    // MARK: - Assigning

    /// Rows that come for one table.
    struct Rows {
        /// Of the table.
        var number: Int
        /// int64 [n].
        var ids: Tensor
        /// float32 [n, width].
        var values: Tensor
    }

    /// Rows for one table.
    private struct Push {
        let table: JournalMember.Table
        let name: String
        let ids: Tensor
        let idRange: Range<Int>
        let values: Tensor
        let firstValue: Int

        var dimension: Int { table.rows.format.dimension }

        func withRows<R, E: Error>(
            _ body: (UnsafeBufferPointer<Int64>, UnsafeBufferPointer<Float>) throws(E) -> R
        ) throws(E) -> R {
            try ids.withIDs { (ids) throws(E) in
                try values.withNumbers { (values) throws(E) in
                    try body(
                        UnsafeBufferPointer(rebasing: ids[idRange]),
                        UnsafeBufferPointer(rebasing: values[firstValue..<firstValue + idRange.count * dimension])
                    )
                }
            }
        }
    }

    /// Changes rows of tables, or none where something does not fit.
    func assign(_ rows: [Rows]) throws(ServingError) {
        var pushes: [Push] = []
        for part in rows {
            let table = tables[part.number]
            let count = part.ids.shape.elementCount
            let shape = part.values.shape
            guard shape.rank == 2, shape[0] == count, shape[1] == table.rows.format.dimension else {
                throw .invalidArgument(
                    "table \(table.name): rows of shape \(shape) came for \(count) ids; "
                        + "[\(count),\(table.rows.format.dimension)] is expected"
                )
            }
            pushes.append(
                Push(
                    table: member.tables[part.number],
                    name: table.name,
                    ids: part.ids,
                    idRange: 0..<count,
                    values: part.values,
                    firstValue: 0
                )
            )
        }
        // All of them were looked at before the first is changed.
        try apply(pushes)
    }

    /// - Parameters:
    ///   - numbers, ids, splits: as for `lookup`.
    ///   - values: float32 [k]: the rows, one behind the other.
    func assign(_ numbers: [Int], _ ids: Tensor, splits: Tensor, _ values: Tensor) throws(ServingError) {
        var pushes: [Push] = []
        var numberCount = 0
        for part in try parts(numbers, ids, splits) {
            pushes.append(
                Push(
                    table: member.tables[part.number],
                    name: tables[part.number].name,
                    ids: ids,
                    idRange: part.ids,
                    values: values,
                    firstValue: numberCount
                )
            )
            numberCount = try Self.sum(numberCount, part.numberCount)
        }
        guard values.shape.elementCount == numberCount else {
            throw .invalidArgument(
                "the rows have \(values.shape.elementCount) numbers; the ids of \(numbers.count) tables need \(numberCount)"
            )
        }
        try apply(pushes)
    }

    /// - Throws: `RESOURCE_EXHAUSTED` when rows did not fit: the caller may bring them again, all of them do no harm.
    private func apply(_ pushes: [Push]) throws(ServingError) {
        // The time of the receipt: pushes of Monolith bring none.
        let now = UInt32(clamping: time(nil))
        let refused: Refusal?
        if let journal {
            refused = try journal.push(
                now: now,
                encode: { (encoder) throws(ServingError) in
                    for push in pushes where !push.idRange.isEmpty {
                        push.withRows { encoder.add(push.table.key, dimension: push.dimension, $0, $1) }
                    }
                },
                apply: { (time, members) throws(ServingError) in try apply(pushes, to: members, at: time) }
            )
        } else {
            refused = try apply(pushes, to: [member], at: now)
        }
        guard let refused else { return }
        throw ServingError(
            .resourceExhausted,
            "\(refused.count) rows were refused, the first of table \(refused.table): pushed rows have taken the bytes that "
                + "they may take; rows of ids that are there can still be changed"
        )
    }

    /// Rows that did not fit.
    private struct Refusal {
        var count: Int
        let table: String
    }

    private func apply(
        _ pushes: [Push],
        to members: [JournalMember],
        at time: UInt32
    ) throws(ServingError) -> Refusal? {
        var refusal: Refusal?
        for push in pushes where !push.idRange.isEmpty {
            for member in members {
                guard let table = member.table(push.table.key, dimension: push.dimension) else { continue }
                let summary = try push.withRows { (ids, numbers) throws(ServingError) in
                    try table.rows.update(ids, numbers, timestamp: time, erasingZeros: table.erasesZeros)
                }
                // What does not fit into another version that one counts itself.
                guard member === self.member, summary.refused > 0 else { continue }
                refusal = refusal ?? Refusal(count: 0, table: push.name)
                refusal?.count += summary.refused
            }
        }
        return refusal
    }
}
