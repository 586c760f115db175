import ServingPrimitives
import Testing

@testable import RemoteRouting

@Suite struct CallCourseTests {
    enum Event: Sendable {
        case asked
        case failed(CanonicalCode)
        case isSlow
        case nobodyIsLeft
    }

    enum Step: Sendable, Hashable {
        case ask
        case wait
        case fail(CanonicalCode)

        init(_ step: CallCourse.Step) {
            switch step {
            case .ask: self = .ask
            case .wait: self = .wait
            case .fail(let error): self = .fail(error.code)
            }
        }
    }

    /// Retries, hedges, what happens, and what is done about the last of it.
    @Test(
        arguments: [
            (true, false, [.asked, .failed(.unavailable)], .ask),
            (true, false, [.asked, .failed(.notFound)], .ask),
            (true, false, [.asked, .failed(.unavailable), .nobodyIsLeft], .fail(.unavailable)),
            (true, false, [.asked, .failed(.unavailable), .asked, .failed(.unavailable)], .fail(.unavailable)),
            (false, false, [.asked, .failed(.unavailable)], .fail(.unavailable)),
            (true, false, [.asked, .failed(.invalidArgument)], .fail(.invalidArgument)),
            (true, false, [.asked, .failed(.deadlineExceeded)], .fail(.deadlineExceeded)),
            (true, false, [.nobodyIsLeft], .fail(.unavailable)),
            (true, false, [.asked, .isSlow], .wait),
            (true, true, [.asked, .isSlow], .ask),
            (true, true, [.asked, .isSlow, .nobodyIsLeft], .wait),
            (true, true, [.asked, .isSlow, .asked, .isSlow], .wait),
            // Of two requests the other one may still be answered.
            (false, true, [.asked, .isSlow, .asked, .failed(.unavailable)], .wait),
            (
                false, true, [.asked, .isSlow, .asked, .failed(.unavailable), .failed(.unavailable)],
                .fail(.unavailable)
            ),
            (true, true, [.asked, .isSlow, .asked, .failed(.unavailable)], .ask),
            (true, true, [.asked, .isSlow, .asked, .failed(.unavailable), .nobodyIsLeft], .wait),
            (true, true, [.asked, .isSlow, .asked, .failed(.invalidArgument)], .fail(.invalidArgument)),
            // A retry is no reason not to hedge.
            (true, true, [.asked, .failed(.unavailable), .asked, .isSlow], .ask),
        ] as [(Bool, Bool, [Event], Step)]
    )
    func `a call is tried elsewhere once, and hedged once`(retries: Bool, hedges: Bool, events: [Event], last: Step) {
        var rules = CallRules()
        rules.retries = retries
        rules.hedgeDelay = hedges ? 5_000_000 : nil
        var course = CallCourse(rules)
        var step: CallCourse.Step?
        for event in events {
            switch event {
            case .asked: course.asked()
            case .failed(let code): step = course.failed(ServingError(code, "no"))
            case .isSlow: step = course.isSlow()
            case .nobodyIsLeft: step = course.nobodyIsLeft()
            }
        }
        #expect(step.map { Step($0) } == last)
    }

    @Test(
        arguments: [
            (nil, nil, nil), (nil, 50, 50), (30, nil, 130), (30, 50, 50), (30, 150, 130),
        ] as [(UInt64?, UInt64?, UInt64?)]
    )
    func `the earliest deadline counts`(timeout: UInt64?, caller: UInt64?, expected: UInt64?) {
        var rules = CallRules()
        rules.timeout = timeout
        func deadline(_ time: UInt64?) -> Deadline {
            time.map { Deadline(MonotonicTime(nanoseconds: $0)) } ?? .never
        }
        #expect(rules.deadline(deadline(caller), at: MonotonicTime(nanoseconds: 100)) == deadline(expected))
    }
}
