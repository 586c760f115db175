/// Memory that grows and is used again and again, by one thread at a time.
package final class GrowingBuffer<Element: BitwiseCopyable>: @unchecked Sendable {
    // Sendable: whoever has it to itself (a thread, or the holder of a lock) is the only one that touches it.
    package private(set) var memory: UnsafeMutableBufferPointer<Element>

    package init(capacity: Int = 0) { memory = .allocate(capacity: capacity) }

    deinit { memory.deallocate() }

    package var capacity: Int { memory.count }
    package var raw: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(memory) }

    /// Makes room for so many elements. The first `count` stay; what is behind them is undefined.
    package func reserve(_ capacity: Int, keeping count: Int = 0) {
        guard capacity > memory.count else { return }
        let larger = UnsafeMutableBufferPointer<Element>.allocate(capacity: max(capacity, 2 * memory.count))
        let kept = UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: memory[..<count]))
        UnsafeMutableRawBufferPointer(larger).copyMemory(from: kept)
        memory.deallocate()
        memory = larger
    }
}
