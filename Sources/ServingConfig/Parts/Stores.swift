extension ServerConfiguration {
    /// When the files of a version count as complete.
    public struct Stores: Sendable, Hashable {
        /// A day: more than any copy takes.
        static let settleRange: ClosedRange<Int64> = 0...86_400_000

        /// How long a version's files must have been left alone before they are taken.
        public var settleMilliseconds: Int64 = 2_000
        public var checksums = Checksums.verify

        public init() {}

        func report(_ report: (String) -> Void) {
            if !Self.settleRange.contains(settleMilliseconds) {
                report("The settle time is \(settleMilliseconds) ms; expected 0 to \(Self.settleRange.upperBound)")
            }
        }
    }
}
