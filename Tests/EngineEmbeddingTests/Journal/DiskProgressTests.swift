import Testing

@testable import EngineEmbedding

@Suite struct DiskProgressTests {
    @Test func `what a sync brought is on the disk, and what came later is not yet`() {
        var progress = DiskProgress()
        #expect(progress.isSettled)
        progress.write(100)
        #expect(!progress.isSettled && progress.state(of: 100) == .unknown)
        progress.settle(100, isOnDisk: true)
        progress.write(50)
        #expect(progress.state(of: 100) == .onDisk && progress.state(of: 150) == .unknown)
        #expect(!progress.isSettled)
    }

    @Test func `what a failed sync lost stays lost when later ones succeed`() {
        var progress = DiskProgress()
        progress.write(100)
        progress.settle(100, isOnDisk: true)
        progress.write(50)
        progress.settle(150, isOnDisk: false)
        progress.write(50)
        progress.settle(200, isOnDisk: true)
        #expect([100, 120, 150, 151, 200].map(progress.state) == [.onDisk, .lost, .lost, .onDisk, .onDisk])
    }

    @Test func `a sync that ends behind a later one changes nothing`() {
        var progress = DiskProgress()
        progress.write(100)
        progress.settle(100, isOnDisk: false)
        progress.settle(60, isOnDisk: true)
        progress.settle(100, isOnDisk: true)
        #expect(progress.state(of: 60) == .lost && progress.state(of: 100) == .lost)
    }

    @Test func `a disk that fails for ever takes no memory, and no loss is forgotten`() {
        var progress = DiskProgress()
        for _ in 0..<10_000 {
            progress.write(2)
            progress.settle(progress.written - 1, isOnDisk: false)
            progress.settle(progress.written, isOnDisk: true)
        }
        for position in stride(from: UInt64(1), to: progress.written, by: 2) {
            #expect(progress.state(of: position) == .lost)
        }
        #expect(progress.state(of: progress.written) == .onDisk)
    }
}
