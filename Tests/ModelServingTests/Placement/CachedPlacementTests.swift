import ModelTools
import Testing

@testable import ModelServing
@testable import Servables

@Suite struct CachedPlacementTests {
    private let devices = [PlacementDevice(name: "CPU:0", budget: 100), PlacementDevice(name: "CPU:1", budget: 100)]

    private func known(
        _ name: String,
        _ bytes: Int,
        on devices: String...,
        uses: Double = 0,
        _ change: (inout KnownVersion) -> Void = { _ in }
    ) -> KnownVersion {
        var known = KnownVersion(
            version: AspiredVersion(id: ServableID(name: name, version: 1), path: "/\(name)/1"),
            cost: ServableCost(residentBytes: bytes, isMeasured: !devices.isEmpty),
            devices: devices,
            isPinned: false,
            priority: 0,
            frequency: uses,
            wishes: DeviceWishes()
        )
        change(&known)
        return known
    }

    private func plan(_ known: [KnownVersion], within limit: Int = .max, anew: Bool = false) -> PlacementPlan {
        CachedPlacement.plan(known, on: devices, within: limit, anew: anew)
    }

    private func places(_ plan: PlacementPlan) -> [String: String] {
        Dictionary(uniqueKeysWithValues: plan.assignments.map { ($0.replica.id.name, $0.device) })
    }

    @Test func `what is in memory stays, and what was used most comes beside it`() {
        let models = [
            known("a", 70, on: "CPU:1"), known("b", 70, uses: 1), known("c", 70, uses: 5),
            known("d", 20), known("e", 30),
        ]
        let plan = plan(models)
        #expect(places(plan) == ["a": "CPU:1", "c": "CPU:0", "d": "CPU:0", "e": "CPU:1"])
        #expect(plan.resting.map(\.id.name) == ["b"])
        #expect(plan.assignments.filter(\.isNew).map(\.replica.id.name).sorted() == ["c", "d", "e"])
        #expect(plan.assignments.first { $0.replica.id.name == "a" }?.size == .measured)
        #expect(plan.assignments.first { $0.replica.id.name == "c" }?.size == .estimated)
    }

    @Test func `priority counts before use`() {
        let models = [known("a", 90, uses: 9), known("b", 90, uses: 5), known("c", 90) { $0.priority = 1 }]
        #expect(Set(places(plan(models)).keys) == ["a", "c"])
    }

    @Test func `what is pinned in memory has a place before all others, or a reason why not`() {
        let pinned = known("p", 90) { $0.isPinned = true }
        #expect(places(plan([known("a", 90, uses: 9), known("b", 90, uses: 9), pinned]))["p"] != nil)
        let lost = known("q", 90) {
            $0.isPinned = true
            $0.wishes.pins = ["GPU:0"]
        }
        #expect(plan([lost]).refusals.first?.reason.contains("there is no such device") == true)
    }

    @Test func `the limit of all counts`() {
        let models = [known("a", 60, on: "CPU:0"), known("b", 60)]
        #expect(places(plan(models, within: 100)) == ["a": "CPU:0"])
        #expect(places(plan(models, within: 120)).count == 2)
    }

    @Test func `anew, what is in memory moves to where it is more even`() {
        let models = [known("a", 40, on: "CPU:0"), known("b", 40, on: "CPU:0")]
        #expect(plan(models).changesNothing)
        #expect(plan(models, anew: true).moves.count == 1)
    }
}
