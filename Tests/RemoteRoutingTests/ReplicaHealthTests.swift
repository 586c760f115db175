import ServingPrimitives
import Testing

@testable import RemoteRouting

@Suite struct ReplicaHealthTests {
    /// What happens to a replica, and at which millisecond.
    enum Event {
        case fails(UInt64)
        case answers
        case probe
        case probeFails(UInt64)
        case probeIsGivenUp(UInt64)
    }

    private static func time(_ milliseconds: UInt64) -> MonotonicTime {
        MonotonicTime(nanoseconds: milliseconds * 1_000_000)
    }

    @Test(
        arguments: [
            ([], .good(failures: 0)),
            ([.fails(1), .fails(2)], .good(failures: 2)),
            ([.fails(1), .fails(2), .answers, .fails(3)], .good(failures: 1)),
            ([.fails(1), .fails(2), .fails(3)], .ejected(until: time(103))),
            // One that was on its way before.
            ([.fails(1), .fails(2), .fails(3), .fails(50)], .ejected(until: time(103))),
            ([.fails(1), .fails(2), .fails(3), .probe], .probing),
            ([.fails(1), .fails(2), .fails(3), .probe, .fails(110)], .probing),
            ([.fails(1), .fails(2), .fails(3), .probe, .probeFails(110)], .ejected(until: time(310))),
            ([.fails(1), .fails(2), .fails(3), .probe, .probeIsGivenUp(110)], .ejected(until: time(110))),
            ([.fails(1), .fails(2), .fails(3), .probe, .answers], .good(failures: 0)),
            // The pause begins anew after an answer.
            (
                [.fails(1), .fails(2), .fails(3), .probe, .answers, .fails(200), .fails(200), .fails(200)],
                .ejected(until: time(300))
            ),
            ([.answers, .probeIsGivenUp(5)], .good(failures: 0)),
        ] as [([Event], ReplicaHealth.Phase)]
    )
    func `failures eject and answers bring back`(events: [Event], phase: ReplicaHealth.Phase) {
        let rules = EjectionRules()
        var health = ReplicaHealth()
        for event in events {
            switch event {
            case .fails(let time): _ = health.failed(wasProbe: false, at: Self.time(time), rules)
            case .answers: health.answered()
            case .probe: health.probe()
            case .probeFails(let time): _ = health.failed(wasProbe: true, at: Self.time(time), rules)
            case .probeIsGivenUp(let time): health.probeGivenUp(at: Self.time(time))
            }
        }
        #expect(health.phase == phase)
    }

    @Test func `only the failure that ejects a good replica says so`() {
        let rules = EjectionRules()
        var health = ReplicaHealth()
        let ejections = (0..<4).map { health.failed(wasProbe: false, at: Self.time($0), rules) }
        #expect(ejections == [false, false, true, false])
        health.probe()
        let isEjected = health.failed(wasProbe: true, at: Self.time(9), rules)
        #expect(!isEjected)
    }

    @Test(arguments: [(102, false), (103, true), (104, true)] as [(UInt64, Bool)])
    func `an ejected replica is due when its pause is over`(milliseconds: UInt64, isDue: Bool) {
        var health = ReplicaHealth()
        for time: UInt64 in 1...3 { _ = health.failed(wasProbe: false, at: Self.time(time), EjectionRules()) }
        #expect(health.isDue(at: Self.time(milliseconds)) == isDue)
        health.probe()
        #expect(!health.isDue(at: Self.time(milliseconds)))
    }

    @Test(
        arguments: [(1, 100), (2, 200), (3, 400), (7, 6400), (8, 10_000), (40, 10_000), (1 << 40, 10_000)]
            as [(Int, UInt64)]
    )
    func `pauses double up to the longest`(ejections: Int, milliseconds: UInt64) {
        #expect(EjectionRules().pause(after: ejections) == milliseconds * 1_000_000)
    }
}
