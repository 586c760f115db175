/// Numbers of the fields of `monolith.hash_table.EntryDump` (`embedding_hash_table.proto`).
enum EntryField {
    /// `sfixed64`
    static let id = 1
    /// `repeated float`, which training writes unpacked: a key for each value.
    static let values = 2
    /// `OptimizerDump`, a state for each segment of the row.
    static let optimizer = 3
    /// `int64`, seconds since 1970.
    static let updateTime = 4

    static let idKey: UInt8 = 1 << 3 | 1
    static let valueKey: UInt8 = 2 << 3 | 5
    static let packedValuesKey: UInt8 = 2 << 3 | 2
    static let optimizerKey: UInt8 = 3 << 3 | 2
    static let updateTimeKey: UInt8 = 4 << 3
}
