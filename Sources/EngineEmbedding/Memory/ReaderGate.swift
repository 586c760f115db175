import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Where readers of a table come in and go out, so that the writer can tell when nobody sees any more what it took
/// away.
///
/// A reader adds one to a cell, reads, and subtracts one: it waits for nobody and tries nothing again. There are a
/// few cells for each of two sides; new readers use the side that the writer points at.
///
/// **Why it is right.** The writer takes something out of sight, makes a full fence, and from then on looks at each
/// cell until it has seen it at zero once. Take a reader that may have seen the thing: its addition comes before the
/// writer's fence in the order of all fences (else its own fence, which lies between its addition and its reads,
/// comes after the writer's and its reads find the thing gone). So the writer finds its cell above zero until that
/// reader has gone, and a zero seen later includes its subtraction, whose release order makes its reads happen before
/// what the writer does next. This holds whichever side a reader took; the two sides are there only for the writer to
/// come to an end: while new readers go to one side, the other empties.
final class ReaderGate: @unchecked Sendable {
    // Sendable: the memory behind `cells` is only touched through atomics.
    private static let stripes = 16
    /// Two lines, as processors fetch them in pairs.
    private static let cellsPerStripe = 128 / MemoryLayout<Atomic<Int>>.stride
    private static let sides = 2

    private let cells: UnsafeMutablePointer<Atomic<Int>>
    private let side = Atomic<Int>(0)

    init() {
        let count = Self.sides * Self.stripes * Self.cellsPerStripe
        // Atomics need a place that does not move.
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: count * MemoryLayout<Atomic<Int>>.stride,
            alignment: 128
        )
        cells = memory.bindMemory(to: Atomic<Int>.self, capacity: count)
        for index in 0..<count { (cells + index).initialize(to: Atomic(0)) }
    }

    deinit {
        cells.deinitialize(count: Self.sides * Self.stripes * Self.cellsPerStripe)
        UnsafeMutableRawPointer(cells).deallocate()
    }

    private func cell(side: Int, stripe: Int) -> UnsafeMutablePointer<Atomic<Int>> {
        cells + (side * Self.stripes + stripe) * Self.cellsPerStripe
    }

    /// Where a reader came in.
    struct Visit {
        fileprivate let cell: UnsafeMutablePointer<Atomic<Int>>
    }

    /// From here to `leave` nothing that the reader can find in the table is given back.
    @inline(__always)
    func enter() -> Visit {
        // A thread's handle is the address of its block: the page it lies in tells threads apart, well mixed.
        let mixed = (threadHandle() >> 12) &* 0x9E37_79B9_7F4A_7C15 >> 32
        let stripe = Int(truncatingIfNeeded: mixed % UInt64(Self.stripes))
        let cell = cell(side: side.load(ordering: .relaxed), stripe: stripe)
        cell.pointee.wrappingAdd(1, ordering: .sequentiallyConsistent)
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        return Visit(cell: cell)
    }

    @inline(__always)
    func leave(_ visit: Visit) { visit.cell.pointee.wrappingSubtract(1, ordering: .releasing) }

    @inline(__always)
    func read<Result>(_ body: () -> Result) -> Result {
        let visit = enter()
        defer { leave(visit) }
        return body()
    }

    /// The writer's wait, in steps that do not block.
    struct Wait {
        /// For each side the stripes that were not yet seen empty.
        private var occupied: [UInt32]
        private var hasTurned = false

        /// Of those who may still see what was taken out of sight before.
        fileprivate init(at gate: ReaderGate) {
            occupied = [UInt32](
                repeating: UInt32(truncatingIfNeeded: 1 << ReaderGate.stripes - 1),
                count: ReaderGate.sides
            )
            atomicMemoryFence(ordering: .sequentiallyConsistent)
        }

        /// Whether the last of them has gone.
        mutating func isOver(at gate: ReaderGate) -> Bool {
            for side in 0..<ReaderGate.sides where occupied[side] != 0 { gate.removeEmpty(side, from: &occupied[side]) }
            let current = gate.side.load(ordering: .relaxed)
            // The side that readers still go to may never be empty: send them to the other as soon as that one was.
            if occupied[current] != 0, occupied[1 - current] == 0 || !hasTurned {
                hasTurned = true
                gate.side.store(1 - current, ordering: .relaxed)
            }
            return occupied.allSatisfy { $0 == 0 }
        }
    }

    func startWaiting() -> Wait { Wait(at: self) }

    private func removeEmpty(_ side: Int, from occupied: inout UInt32) {
        for stripe in 0..<Self.stripes where occupied >> stripe & 1 == 1 {
            if cell(side: side, stripe: stripe).pointee.load(ordering: .acquiring) == 0 {
                occupied &= ~(1 << UInt32(stripe))
            }
        }
    }
}

#if canImport(Musl)
private func threadHandle() -> UInt64 { UInt64(UInt(bitPattern: pthread_self())) }
#else
private func threadHandle() -> UInt64 { UInt64(pthread_self()) }
#endif
