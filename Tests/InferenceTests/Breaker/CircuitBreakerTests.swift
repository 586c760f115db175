import Testing

@testable import Inference

@Suite struct CircuitBreakerTests {
    /// What happens, a second apart: `s` a success, `f` a failure, `a` a call that asks and runs, `r` one that is refused,
    /// `.` nothing. The rest is 5 seconds.
    static let stories: [(rules: CircuitBreaker.Rules, story: String)] = [
        (.init(consecutiveFailures: 3), "a f a f a f r r r r a"),
        (.init(consecutiveFailures: 3), "a f f s f f s f f a"),
        // A probe that goes well, and one that does not.
        (.init(consecutiveFailures: 2), "f f r r r r a s a a"),
        (.init(consecutiveFailures: 2), "f f . . . . a f r r r r a s a"),
        // One probe at a time; when nothing is heard of it another may go.
        (.init(consecutiveFailures: 1), "f . . . . a r r r r a s a"),
        // What ends late does not close it.
        (.init(consecutiveFailures: 1), "f s r s r"),
        (.init(failureShare: 0.5), "f f f f f f f f f a"),
        (.init(), "f f f f f f f f f f f f f f f f f f f f a"),
    ]

    @Test(arguments: stories) func `calls run, rest and probe`(rules: CircuitBreaker.Rules, story: String) {
        var breaker = CircuitBreaker(rules: rules)
        for (second, event) in story.split(separator: " ").enumerated() {
            let now = UInt64(second) * 1_000_000_000
            switch event {
            case "s": breaker.succeeded(at: now)
            case "f": breaker.failed(at: now)
            case "a": #expect(breaker.admit(at: now) == .run, "second \(second) of \(story)")
            case "r": #expect(breaker.admit(at: now) != .run, "second \(second) of \(story)")
            default: break
            }
        }
    }

    @Test func `a refusal says when a call has a chance`() {
        var breaker = CircuitBreaker(rules: .init(consecutiveFailures: 1))
        breaker.failed(at: 1_000_000_000)
        #expect(breaker.admit(at: 2_000_000_000) == .refuse(retryAfter: 4_000_000_000))
        #expect(breaker.admit(at: 6_000_000_000) == .run)
    }

    @Test(arguments: [(19, 1, false), (20, 20, true), (20, 10, true), (20, 9, false), (100, 50, true)])
    func `a share opens it when there were runs enough`(runs: Int, failures: Int, opens: Bool) {
        var breaker = CircuitBreaker(rules: .init(failureShare: 0.5))
        breaker.failed(at: 0)
        for _ in 0..<(runs - failures) { breaker.succeeded(at: 1) }
        for _ in 1..<max(failures, 1) { breaker.failed(at: 2) }
        #expect((breaker.state != .closed) == opens)
    }

    @Test func `a window that is over is forgotten`() {
        var breaker = CircuitBreaker(rules: .init(failureShare: 0.5))
        for _ in 0..<19 { breaker.failed(at: 0) }
        breaker.succeeded(at: 10_000_000_000)
        #expect(breaker.isUntroubled)
        breaker.failed(at: 10_000_000_001)
        #expect(breaker.state == .closed && !breaker.isUntroubled)
    }

    @Test func `without failures there is nothing to keep`() {
        var breaker = CircuitBreaker(rules: .init(consecutiveFailures: 3, failureShare: 0.1))
        for now in 0..<1000 { breaker.succeeded(at: UInt64(now)) }
        #expect(breaker.isUntroubled)
    }
}
