import Synchronization
import Testing

@testable import ServingPrimitives

@Suite struct HeapTrimmerTests {
    /// A pass that waits until it is let go.
    private final class Pass: Sendable {
        let begun = BlockingResult<Void, Never>()
        let mayEnd = BlockingResult<Void, Never>()
    }

    @Test func `one pass does for all who asked while another was running`() {
        let passes = (0..<3).map { _ in Pass() }
        let count = Mutex(0)
        let trimmer = HeapTrimmer {
            let number = count.withLock { count in
                defer { count += 1 }
                return count
            }
            guard passes.indices.contains(number) else { return }
            passes[number].begun.set(.success(()))
            _ = passes[number].mayEnd.wait()
        }
        trimmer.request()
        _ = passes[0].begun.wait()
        for _ in 0..<10 { trimmer.request() }
        #expect(count.withLock { $0 } == 1)
        passes[0].mayEnd.set(.success(()))
        _ = passes[1].begun.wait()
        // Asked after it began: what is freed now is not given back by it.
        trimmer.request()
        passes[1].mayEnd.set(.success(()))
        _ = passes[2].begun.wait()
        passes[2].mayEnd.set(.success(()))
        #expect(count.withLock { $0 } == 3)
    }

    @Test func `what is allocated counts as in use until it is freed`() throws {
        let before = try #require(SystemAllocator.bytesInUse())
        let memory = UnsafeMutableRawPointer.allocate(byteCount: 64 << 20, alignment: 16)
        let during = try #require(SystemAllocator.bytesInUse())
        memory.deallocate()
        let after = try #require(SystemAllocator.bytesInUse())
        // Other tests allocate as well, much less.
        #expect(during - before > 48 << 20)
        #expect(during - after > 48 << 20)
    }
}
