/// What `variables.index` says of the data files that belong to it: how many, and how long each must be at least
/// (`tensorflow/core/protobuf/tensor_bundle.proto`: a `BundleHeaderProto` under the empty key, a `BundleEntryProto` for
/// each tensor).
package struct CheckpointIndex: Hashable {
    package enum Problem: Error, Hashable {
        /// For a person to read, after the name of the file.
        case malformed(String)
        /// It may be fine, but is not of the kind that can be read here.
        case unreadable
    }

    package var shardCount = 0
    /// Bytes that each data file must have, by its number; those that are not here may be empty.
    package var neededBytes: [Int: Int64] = [:]

    /// File names have five digits.
    private static let maximumShardCount: UInt64 = 100_000

    package init(_ bytes: [UInt8]) throws(Problem) {
        do throws(SortedTable.Problem) {
            var count: UInt64?
            try SortedTable(bytes).visit { (keyLength, value) throws(SortedTable.Problem) in
                if keyLength == 0 {
                    count = try Self.shardCount(inHeader: value)
                } else {
                    try add(value)
                }
            }
            guard let count else { throw .malformed("its header is missing") }
            guard (1...Self.maximumShardCount).contains(count), neededBytes.keys.allSatisfy({ $0 < Int(count) }) else {
                throw .malformed("its header does not fit its entries")
            }
            shardCount = Int(count)
        } catch {
            switch error {
            case .malformed(let text): throw .malformed(text)
            case .compressed: throw .unreadable
            }
        }
    }

    private static func shardCount(inHeader header: ArraySlice<UInt8>) throws(SortedTable.Problem) -> UInt64 {
        var fields = WireFields(header)
        var count: UInt64 = 0
        while !fields.isAtEnd {
            guard let field = fields.field() else { throw .malformed("its header is damaged") }
            if case (1, .number(let number)) = field { count = number }
        }
        return count
    }

    private mutating func add(_ entry: ArraySlice<UInt8>) throws(SortedTable.Problem) {
        var fields = WireFields(entry)
        var (shard, offset, size): (UInt64, UInt64, UInt64) = (0, 0, 0)
        while !fields.isAtEnd {
            guard let field = fields.field() else { throw .malformed("an entry is damaged") }
            switch field {
            case (3, .number(let number)): shard = number
            case (4, .number(let number)): offset = number
            case (5, .number(let number)): size = number
            default: break
            }
        }
        let (end, overflow) = offset.addingReportingOverflow(size)
        guard !overflow, shard < Self.maximumShardCount, let end = Int64(exactly: end) else {
            throw .malformed("an entry is damaged")
        }
        neededBytes[Int(shard)] = max(neededBytes[Int(shard)] ?? 0, end)
    }
}
