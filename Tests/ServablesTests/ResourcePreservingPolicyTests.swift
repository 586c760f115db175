import Servables
import Testing

@Suite struct ResourcePreservingPolicyTests {
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
        Case("the served one goes before the new one loads", [old(1, .ready), aspired(2, .new)], unload: [1]),
        Case("the new one waits until the old one is gone", [old(1, .changing), aspired(2, .new)]),
        Case("all old ones go, lowest first", [old(3, .ready), old(1, .ready), aspired(4, .new)], unload: [1, 3]),
        Case(
            "an old one that is not wanted any more while it loads is waited for",
            [old(2, .changing), aspired(1, .new)]
        ),
        Case("one that failed keeps nothing from loading", [old(1, .ended), aspired(2, .new)], load: [2]),
        Case("aspired versions that load hold up no other", [aspired(1, .changing), aspired(2, .new)], load: [2]),
        Case("a version not aspired any more is not loaded", [old(1, .new)]),
    ])
    func `decides`(_ example: Case) {
        #expect(Policy.resourcePreserving.actions(for: example.versions) == example.actions)
    }
}
