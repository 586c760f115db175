/// The open streams of a connection, by id: open addressing, as ids of one peer come in sequence and collide rarely.
struct StreamTable {
    private var slots = [HTTP2ServerStream?](repeating: nil, count: 16)
    private(set) var count = 0

    @inline(__always)
    private func home(_ id: UInt32) -> Int { Int(id >> 1) & (slots.count &- 1) }

    @inline(__always)
    subscript(id: UInt32) -> HTTP2ServerStream? {
        var position = home(id)
        while let stream = slots[position] {
            if stream.id == id { return stream }
            position = (position &+ 1) & (slots.count &- 1)
        }
        return nil
    }

    /// Adds a stream whose id is not in the table.
    mutating func insert(_ stream: HTTP2ServerStream) {
        if count &* 2 >= slots.count { grow() }
        place(stream)
        count &+= 1
    }

    mutating func remove(_ id: UInt32) {
        let mask = slots.count &- 1
        var hole = home(id)
        while let stream = slots[hole], stream.id != id { hole = (hole &+ 1) & mask }
        guard slots[hole] != nil else { return }
        count &-= 1
        // Moves later streams of the same run back, so that no look-up ends early at the hole.
        var position = (hole &+ 1) & mask
        while let stream = slots[position] {
            let distance = (position &- home(stream.id)) & mask
            if distance >= (position &- hole) & mask {
                slots[hole] = stream
                hole = position
            }
            position = (position &+ 1) & mask
        }
        slots[hole] = nil
    }

    /// The streams at this moment, in no order.
    var all: [HTTP2ServerStream] { slots.compactMap { $0 } }

    mutating func removeAll() { self = StreamTable() }

    private mutating func place(_ stream: HTTP2ServerStream) {
        var position = home(stream.id)
        while slots[position] != nil { position = (position &+ 1) & (slots.count &- 1) }
        slots[position] = stream
    }

    private mutating func grow() {
        let streams = all
        slots = [HTTP2ServerStream?](repeating: nil, count: slots.count * 2)
        for stream in streams { place(stream) }
    }
}
