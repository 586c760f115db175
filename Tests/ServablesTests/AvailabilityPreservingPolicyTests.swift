import Servables
import Testing

@Suite struct AvailabilityPreservingPolicyTests {
    typealias Policy = VersionTransition

    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var versions: [Policy.Version]
        var actions: Policy.Actions

        init(_ name: String, _ versions: [Policy.Version], unload: [Int64] = [], load: [Int64] = []) {
            testDescription = name
            self.versions = versions
            actions = Policy.Actions(unload: unload, load: load)
        }
    }

    private static func aspired(_ number: Int64, _ phase: Policy.Phase) -> Policy.Version {
        Policy.Version(number, isAspired: true, phase)
    }

    private static func old(_ number: Int64, _ phase: Policy.Phase) -> Policy.Version {
        Policy.Version(number, isAspired: false, phase)
    }

    @Test(arguments: [
        Case("nothing there", []),
        Case("the first version loads", [aspired(1, .new)], load: [1]),
        Case("the highest loads first", [aspired(1, .new), aspired(3, .new), aspired(2, .new)], load: [3, 2, 1]),
        Case("a served version stays", [aspired(1, .ready)]),
        Case("a new version loads beside the served one", [old(1, .ready), aspired(2, .new)], load: [2]),
        Case("the served one waits for the new one", [old(1, .ready), aspired(2, .changing)]),
        Case("the served one goes when the new one is ready", [old(1, .ready), aspired(2, .ready)], unload: [1]),
        Case("going back to an older version", [old(2, .ready), aspired(1, .new)], load: [1]),
        Case("going back, done", [old(2, .ready), aspired(1, .ready)], unload: [2]),
        Case("nothing aspired unloads all, lowest first", [old(3, .ready), old(1, .ready)], unload: [1, 3]),
        Case(
            "of several old ones the newest keeps serving",
            [old(2, .ready), old(1, .ready), aspired(3, .changing)],
            unload: [1]
        ),
        Case("what is on its way is left alone", [old(1, .changing), aspired(2, .changing)]),
        Case("a version not aspired any more is not loaded", [old(1, .new)]),
        Case(
            "one aspired version ready is enough",
            [old(1, .ready), aspired(2, .ready), aspired(3, .new)],
            unload: [1],
            load: [3]
        ),
    ])
    func `decides`(_ example: Case) {
        #expect(Policy.availabilityPreserving.actions(for: example.versions) == example.actions)
    }
}
