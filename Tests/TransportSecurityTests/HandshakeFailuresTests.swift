import Logging
import ServingPrimitives
import Synchronization
import Testing

@testable import TransportSecurity

struct HandshakeFailuresTests {
    @Test func `all are counted, one a minute is logged, with how many there were since the last`() {
        let lines = LogLines()
        let time = Mutex<UInt64>(0)
        let failures = HandshakeFailures(
            logger: lines.logger,
            now: { time.withLock { MonotonicTime(nanoseconds: $0 * 1_000_000_000) } }
        )
        for second in [0, 1, 59, 60, 60, 130] as [UInt64] {
            time.withLock { $0 = second }
            failures.add(peer: "peer", reason: "second \(second)")
        }
        failures.addQuietly()
        #expect(failures.count == 7)
        #expect(lines.metadata.map { $0["count"] } == ["1", "3", "2"])
        #expect(lines.metadata.map { $0["reason"] } == ["second 0", "second 60", "second 130"])
    }
}
