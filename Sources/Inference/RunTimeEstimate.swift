import Synchronization

/// What runs of one signature take, learnt from real runs, by size of their inputs.
///
/// One cell for each power of two of the number of input elements: a model that needs 3 µs for one row may need
/// milliseconds for ten thousand. Updates from several threads may lose a sample, which does no harm.
final class RunTimeEstimate: Sendable {
    private static let classCount = 40
    private let cells: [Cell]

    private final class Cell: Sendable { let nanoseconds = Atomic<UInt64>(0) }

    init() { cells = (0..<Self.classCount).map { _ in Cell() } }

    /// Expected nanoseconds of a run over so many input elements; 0 when none of its size was seen.
    func expected(elements: Int) -> UInt64 { cells[Self.sizeClass(elements)].nanoseconds.load(ordering: .relaxed) }

    func record(elements: Int, nanoseconds: UInt64) {
        let cell = cells[Self.sizeClass(elements)]
        let current = cell.nanoseconds.load(ordering: .relaxed)
        cell.nanoseconds.store(Self.updated(current, sample: nanoseconds), ordering: .relaxed)
    }

    static func sizeClass(_ elements: Int) -> Int {
        min(classCount - 1, Int.bitWidth - max(elements, 0).leadingZeroBitCount)
    }

    /// Down quickly, up slowly and by a bounded step: a first run compiles the graph, and a run that was preempted
    /// says nothing about the model.
    static func updated(_ current: UInt64, sample: UInt64) -> UInt64 {
        let sample = max(sample, 1)
        if current == 0 { return sample }
        if sample <= current { return sample + (current - sample) / 2 }
        return current + max(1, (min(sample, current &* 4) - current) / 8)
    }
}
