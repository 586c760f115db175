import ServingPrimitives
import Testing

@testable import EngineProcess

@Suite struct RestartDelayTests {
    private static let second: UInt64 = 1_000_000_000

    @Test func `a process that cannot live is started ever more seldom`() {
        var delay = RestartDelay(longest: 30 * Self.second)
        let delays = (0..<12).map { _ in delay.next(afterLifetime: 0) }
        #expect(delays.prefix(4) == [100_000_000, 200_000_000, 400_000_000, 800_000_000])
        #expect(zip(delays, delays.dropFirst()).allSatisfy { $0 <= $1 })
        #expect(delays.last == 30 * Self.second)
    }

    @Test func `one that ran for a minute begins anew`() {
        var delay = RestartDelay(longest: 30 * Self.second)
        for _ in 0..<5 { _ = delay.next(afterLifetime: 59 * Self.second) }
        #expect(delay.next(afterLifetime: 59 * Self.second) == 3_200_000_000)
        #expect(delay.next(afterLifetime: 60 * Self.second) == 100_000_000)
        #expect(delay.next(afterLifetime: 0) == 200_000_000)
    }

    @Test func `crashes without end do not overflow`() {
        var delay = RestartDelay(longest: 30 * Self.second)
        for _ in 0..<1000 { _ = delay.next(afterLifetime: 0) }
        #expect(delay.next(afterLifetime: 0) == 30 * Self.second)
    }

    @Test(arguments: [
        (6 as Int32, "by signal 6 (Aborted)"), (9, "by signal 9 (Killed)"), (256, "with status 1"),
        (0, "with status 0"),
    ])
    func `how a process ended is told`(status: Int32, text: String) {
        #expect("\(ProcessEnd(status: status))" == text)
    }
}
