/// Which of a deployment's containers this is.
public struct ShardContext: Sendable, Hashable {
    /// From 0. A container that was told none is the first.
    public let shardID: Int
    public let shardCount: Int

    /// - Parameters:
    ///   - shardID: less than 0 where none is given.
    ///   - shardCount: less than 1 is 1.
    public init(shardID: Int = -1, shardCount: Int = 1) {
        self.shardID = max(shardID, 0)
        self.shardCount = max(shardCount, 1)
    }
}
