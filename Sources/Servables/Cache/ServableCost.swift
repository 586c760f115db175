/// What a version takes to have in memory.
public struct ServableCost: Sendable, Hashable {
    /// Bytes that one copy of it holds while it is loaded.
    public var residentBytes: Int
    /// Bytes it may hold for a moment while it loads; at least `residentBytes`.
    public var peakBytes: Int
    /// How long a load takes, warm-up included; 0 when nobody knows yet.
    public var loadNanoseconds: UInt64
    /// Whether it was measured when the version was loaded, and not told from its files.
    public var isMeasured: Bool
    /// Versions with the same number have one copy in memory between them; `nil` for one that has its own.
    public var copy: UInt64?

    public init(residentBytes: Int, peakBytes: Int? = nil, loadNanoseconds: UInt64 = 0, isMeasured: Bool = false) {
        self.residentBytes = max(residentBytes, 0)
        self.peakBytes = max(peakBytes ?? residentBytes, residentBytes, 0)
        self.loadNanoseconds = loadNanoseconds
        self.isMeasured = isMeasured
    }

    /// Holds so many bytes more than was thought, or less.
    mutating func grow(by bytes: Int) {
        residentBytes = max(residentBytes + bytes, 0)
        peakBytes = max(peakBytes, residentBytes)
    }
}

/// Knows what versions cost: those that were loaded before by measurement, all others by their files.
public protocol ServableCosts: Sendable {
    /// What loading the version is going to cost. Reads the sizes of its files: blocks.
    func expected(_ version: AspiredVersion) -> ServableCost

    /// Called on the thread that has loaded a version, before requests reach it.
    ///
    /// - Parameters:
    ///   - loadNanoseconds: what the load took.
    ///   - copies: how many of it were loaded, on a device each.
    /// - Returns: what it costs, as far as could be measured.
    func loaded(_ version: AspiredVersion, loadNanoseconds: UInt64, copies: Int) -> ServableCost

    /// Bytes that the process holds beyond what the versions in memory cost by themselves: what the allocator keeps,
    /// what their runs left behind. 0 where nobody can tell.
    ///
    /// - Parameters:
    ///   - accounted: sum of what the versions in memory cost, with those that come and go.
    ///   - isSettled: none comes or goes.
    func overhead(accounted: Int, isSettled: Bool) -> Int
}
