import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Numbers that many threads add to at once: one row of them for each of a few stripes, so that threads on different
/// cores mostly write to different cache lines. Reading adds the stripes up.
struct StripedCells: ~Copyable, @unchecked Sendable {
    // Sendable: the memory behind `base` is only touched through atomics while this lives.
    private static let numbersPerLine = 8
    let count: Int
    private let base: UnsafeMutablePointer<Atomic<Int64>>
    private let stride: Int
    private let stripes: Int

    init(count: Int) {
        self.count = count
        stripes = Self.stripesOfThisMachine
        stride = (count + Self.numbersPerLine - 1) / Self.numbersPerLine * Self.numbersPerLine
        // Noncopyable atomics need a place that does not move; a row starts where a cache line does.
        let memory = UnsafeMutableRawPointer.allocate(byteCount: stripes * stride * 8, alignment: 64)
        base = memory.bindMemory(to: Atomic<Int64>.self, capacity: stripes * stride)
        for index in 0..<stripes * stride { (base + index).initialize(to: Atomic(0)) }
    }

    deinit {
        base.deinitialize(count: stripes * stride)
        UnsafeMutableRawPointer(base).deallocate()
    }

    /// Where this thread's row begins.
    private var row: UnsafeMutablePointer<Atomic<Int64>> {
        // A thread's handle is the address of its block: the page it lies in tells threads apart, well mixed.
        let thread = UInt64(threadHandle()) >> 12
        let mixed = (thread &* 0x9E37_79B9_7F4A_7C15) >> 32
        return base + Int(truncatingIfNeeded: mixed & UInt64(stripes - 1)) * stride
    }

    func add(_ value: Int64, at index: Int) {
        precondition(index < count)
        row[index].wrappingAdd(value, ordering: .relaxed)
    }

    /// One to `index` and `value` to `other`, as a histogram does.
    func increment(at index: Int, adding value: Int64, at other: Int) {
        precondition(index < count && other < count)
        let row = row
        row[index].wrappingAdd(1, ordering: .relaxed)
        row[other].wrappingAdd(value, ordering: .relaxed)
    }

    func sum(at index: Int) -> Int64 {
        precondition(index < count)
        var sum: Int64 = 0
        for stripe in 0..<stripes { sum &+= base[stripe * stride + index].load(ordering: .relaxed) }
        return sum
    }

    /// A power of two, about as many as cores; more than eight cost memory and gain nothing measurable.
    private static let stripesOfThisMachine: Int = {
        let cores = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        var stripes = 1
        while stripes < cores, stripes < 8 { stripes *= 2 }
        return stripes
    }()
}

#if canImport(Musl)
private func threadHandle() -> UInt { UInt(bitPattern: pthread_self()) }
#else
private func threadHandle() -> UInt { UInt(pthread_self()) }
#endif
