/// The sizes of nested lists that form a rectangle: all lists of a level have the same size, which is not 0.
struct ListRectangle {
    static let maximumRank = 8

    /// 1...`maximumRank`.
    var rank = 0
    /// By level, outermost first; 0 where it is not known yet.
    var sizes = InlineArray<8, Int>(repeating: 0)

    var elementCount: Int { (0..<rank).reduce(1) { $0 * sizes[$1] } }

    func sizes(from level: Int) -> [Int] { (level..<rank).map { sizes[$0] } }

    /// A list of that level ended. `false` when others had another size.
    @inline(__always)
    mutating func endList(level: Int, size: Int) -> Bool {
        if sizes[level] == 0 { sizes[level] = size }
        return sizes[level] == size
    }
}
