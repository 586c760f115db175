/// Different ids, each with a number: 0 for the first.
struct IDTable {
    /// By number.
    private(set) var ids: [Int64] = []
    /// Open addressing: the number of an id, or -1.
    private var slots: [Int32]

    /// - Parameter capacity: how many ids will be inserted at most, repeated ones counted; at most `maximumCapacity`.
    init(capacity: Int) {
        let bits = Int.bitWidth - max(capacity * 2 - 1, 1).leadingZeroBitCount
        slots = [Int32](repeating: -1, count: 1 << bits)
        ids.reserveCapacity(capacity)
    }

    static let maximumCapacity = 1 << 30

    /// The number of an id, which is the next one if it was not there.
    mutating func insert(_ id: Int64) -> Int {
        let slot = slot(of: id)
        if slots[slot] < 0 {
            slots[slot] = Int32(ids.count)
            ids.append(id)
        }
        return Int(slots[slot])
    }

    /// The number of an id; `nil` when it is not there.
    func find(_ id: Int64) -> Int? {
        let number = slots[slot(of: id)]
        return number < 0 ? nil : Int(number)
    }

    /// Where an id is, or has to go.
    private func slot(of id: Int64) -> Int {
        let mask = slots.count - 1
        var slot = Self.hash(id) & mask
        while slots[slot] >= 0, ids[Int(slots[slot])] != id { slot = (slot + 1) & mask }
        return slot
    }

    private static let seed = UInt64.random(in: .min ... .max)

    /// Ids come from clients, who must not be able to choose such that all fall together: MurmurHash3's finaliser, over an id
    /// that nobody outside knows.
    private static func hash(_ id: Int64) -> Int {
        var value = UInt64(bitPattern: id) ^ seed
        value = (value ^ value >> 33) &* 0xff51_afd7_ed55_8ccd
        value = (value ^ value >> 33) &* 0xc4ce_b9fe_1a85_ec53
        return Int(truncatingIfNeeded: value ^ value >> 33)
    }
}
