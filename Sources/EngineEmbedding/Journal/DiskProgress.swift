/// How much of what was written to a journal is on the disk.
///
/// A position counts the bytes that were written since the start; that of a push is where it ends. What a sync that failed
/// has lost stays lost, whatever later ones bring: those who wait for it may look only when the next file is on the disk.
struct DiskProgress {
    enum State: Hashable {
        case unknown
        case onDisk
        /// It may be on the disk or not.
        case lost
    }

    private(set) var written: UInt64 = 0
    /// Up to here it is known what became of the bytes.
    private var settled: UInt64 = 0
    /// The oldest first.
    private var losses: [Range<UInt64>] = []

    /// With more the two oldest become one, with what lies between: those who wait for that push once more.
    private static let maximumLosses = 64

    var isSettled: Bool { settled == written }

    mutating func write(_ byteCount: Int) { written += UInt64(byteCount) }

    /// A sync has ended.
    ///
    /// - Parameter position: up to which it was to bring all to the disk.
    mutating func settle(_ position: UInt64, isOnDisk: Bool) {
        guard position > settled else { return }
        if !isOnDisk { lose(settled..<position) }
        settled = position
    }

    private mutating func lose(_ range: Range<UInt64>) {
        if let last = losses.last, last.upperBound == range.lowerBound {
            losses[losses.count - 1] = last.lowerBound..<range.upperBound
        } else {
            losses.append(range)
        }
        if losses.count > Self.maximumLosses {
            losses[1] = losses[0].lowerBound..<losses[1].upperBound
            losses.removeFirst()
        }
    }

    func state(of position: UInt64) -> State {
        guard position <= settled else { return .unknown }
        return losses.contains { $0.lowerBound < position && position <= $0.upperBound } ? .lost : .onDisk
    }
}
