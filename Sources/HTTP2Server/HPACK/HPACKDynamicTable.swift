/// The decoder's dynamic table (RFC 7541, section 2.3.2): a ring of fields, the newest with the lowest index.
struct HPACKDynamicTable {
    private var ring: [HPACKField?] = []
    /// Where the newest field is.
    private var newest = 0
    private(set) var count = 0
    private(set) var byteCount = 0
    private(set) var maximumByteCount: Int

    init(maximumByteCount: Int) { self.maximumByteCount = maximumByteCount }

    /// The field at a position from 0, the newest.
    @inline(__always)
    subscript(position: Int) -> HPACKField? {
        position < count ? ring[(newest &- position) & (ring.count &- 1)] : nil
    }

    /// Adds a field after making room for it; one larger than the table empties it (RFC 7541, section 4.4).
    mutating func insert(_ field: HPACKField) {
        evict(downTo: maximumByteCount - field.size)
        guard field.size <= maximumByteCount else { return }
        if count == ring.count { grow() }
        newest = (newest + 1) & (ring.count - 1)
        ring[newest] = field
        count += 1
        byteCount += field.size
    }

    mutating func resize(to maximumByteCount: Int) {
        self.maximumByteCount = maximumByteCount
        evict(downTo: maximumByteCount)
    }

    private mutating func evict(downTo limit: Int) {
        while byteCount > limit, count > 0 {
            let oldest = (newest - count + 1) & (ring.count - 1)
            byteCount -= ring[oldest]?.size ?? 0
            ring[oldest] = nil
            count -= 1
        }
    }

    private mutating func grow() {
        let fields = (0..<count).reversed().map { self[$0] }
        ring = fields + [HPACKField?](repeating: nil, count: max(8, count))
        newest = count - 1
        if newest < 0 { newest = ring.count - 1 }
    }
}
