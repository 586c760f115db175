/// The last streams that ended, so that a late frame can be told from a wrong one.
struct StreamHistory {
    enum End {
        /// Both sides were done, or the peer reset the stream.
        case finished
        /// We reset it: frames that were under way are to be ignored (RFC 9113, section 5.1).
        case reset
    }

    private static let capacity = 256

    /// Peers' ids are odd: the low bit is free to say how the stream ended.
    private var ring: [UInt32] = []
    private var next = 0

    mutating func record(_ id: UInt32, _ end: End) {
        let entry = end == .reset ? id & ~1 : id
        if ring.count < Self.capacity {
            ring.append(entry)
        } else {
            ring[next] = entry
            next = (next &+ 1) & (Self.capacity &- 1)
        }
    }

    /// How a stream ended; `nil` when it is long ago or never was.
    func end(of id: UInt32) -> End? {
        for entry in ring where entry | 1 == id { return entry == id ? .finished : .reset }
        return nil
    }
}
