import ModelTools
import Servables
import Testing

@Suite struct PlacementPlannerTests {
    private func demand(
        _ name: String,
        _ bytes: Int,
        _ change: (inout PlacementDemand) -> Void = { _ in }
    )
        -> PlacementDemand
    {
        var demand = PlacementDemand(id: ServableID(name: name, version: 1), bytes: bytes)
        change(&demand)
        return demand
    }

    private func devices(_ budgets: Int...) -> [PlacementDevice] {
        budgets.enumerated().map { PlacementDevice(name: "GPU:\($0)", budget: $1) }
    }

    /// `GPU:0: a b, GPU:1: c`, and what has no place behind a bar.
    private func text(_ plan: PlacementPlan) -> String {
        func name(_ replica: PlacementPlan.Replica) -> String {
            replica.index == 0 ? replica.id.name : "\(replica.id.name)#\(replica.index)"
        }
        let placed = plan.devices.map { total in
            let names = plan.assignments.filter { $0.device == total.device.name }.map { name($0.replica) }
            return names.isEmpty ? "-" : names.joined(separator: " ")
        }
        let refused = plan.refusals.map { name($0.replica) }.joined(separator: " ")
        return placed.joined(separator: ", ") + (refused.isEmpty ? "" : " | \(refused)")
    }

    private func plan(
        _ demands: [PlacementDemand],
        _ devices: [PlacementDevice],
        after previous: PlacementPlan? = nil
    ) -> PlacementPlan { PlacementPlanner.plan(demands, on: devices, after: previous) }

    @Test func `twelve models of 4 GB fill four devices of 15 GB evenly, and a thirteenth is told why it does not fit`()
    {
        let gigabyte = 1_000_000_000
        let four = (0..<4).map { PlacementDevice(name: "GPU:\($0)", budget: 15 * gigabyte) }
        let twelve = (1...12).map { demand("m\($0)", 4 * gigabyte) }
        let first = plan(twelve, four)
        #expect(first.refusals.isEmpty)
        #expect(first.devices.map(\.replicas) == [3, 3, 3, 3])
        #expect(first.devices.map(\.bytes) == Array(repeating: 12 * gigabyte, count: 4))

        let second = plan(twelve + [demand("m13", 4 * gigabyte)], four, after: first)
        #expect(second.assignments == first.assignments)
        #expect(
            second.refusals.map(\.reason) == [
                "m13 version 1 needs 4 GB, and no device has so much left: the most is on GPU:0, where 3 GB of 15 GB "
                    + "are free; on all 4 devices together 12 GB are free"
            ]
        )
        #expect(second.refusal(of: ServableID(name: "m13", version: 1))?.bytes == 4 * gigabyte)
        #expect(second.devices(of: ServableID(name: "m13", version: 1)).isEmpty)
    }

    @Test func `a lost device moves its own models and no other`() {
        let before = plan((1...8).map { demand("m\($0)", 10) }, devices(50, 50, 50, 50))
        let after = plan((1...8).map { demand("m\($0)", 10) }, devices(50, 50, 50), after: before)
        #expect(after.refusals.isEmpty)
        let stayed = before.assignments.filter { $0.device != "GPU:3" }
        for assignment in stayed { #expect(after.devices(of: assignment.replica.id) == [assignment.device]) }
        // Those of a device that is gone have none to tell of.
        #expect(after.moves.isEmpty)
        #expect(after.devices.map(\.replicas).sorted() == [2, 3, 3])
    }

    @Test func `a model that is added moves nothing while there is room`() {
        let before = plan([demand("a", 40), demand("b", 30)], devices(100, 100))
        let after = plan([demand("a", 40), demand("b", 30), demand("c", 60)], devices(100, 100), after: before)
        #expect(text(before) == "a, b")
        #expect(text(after) == "a, b c")
        #expect(after.moves.isEmpty)
    }

    @Test func `where room must be made the cheapest move is chosen`() {
        let before = plan(
            [
                demand("a", 50) { $0.pins = ["GPU:0"] }, demand("b", 20) { $0.pins = ["GPU:0"] },
                demand("c", 50) { $0.pins = ["GPU:1"] }, demand("d", 15) { $0.pins = ["GPU:1"] },
            ],
            devices(100, 100)
        )
        // 30 and 35 are free; 45 need 10 or 15 more.
        let after = plan(
            [demand("a", 50), demand("b", 20), demand("c", 50), demand("d", 15), demand("e", 45)],
            devices(100, 100),
            after: before
        )
        #expect(text(after) == "a b d, c e")
        #expect(after.moves.map(\.replica.id.name) == ["d"])
        #expect(after.moves.map(\.previousDevice) == ["GPU:1"])
    }

    @Test func `models change places when that is what makes room`() {
        // 6+3 and 5+4 of 10 and 10: a 2 fits only when two of them change places.
        let now: [(String, Int, String)] = [
            ("a", 6, "GPU:0"), ("b", 3, "GPU:0"), ("c", 5, "GPU:1"), ("d", 4, "GPU:1"),
        ]
        let before = plan(now.map { model in demand(model.0, model.1) { $0.pins = [model.2] } }, devices(10, 10))
        let after = plan(now.map { demand($0.0, $0.1) } + [demand("e", 2)], devices(10, 10), after: before)
        #expect(after.refusals.isEmpty)
        #expect(after.devices.map(\.bytes) == [10, 10])
    }

    @Test func `pins win over what is there, and over balance`() {
        let before = plan([demand("a", 60)], devices(100, 100))
        #expect(text(before) == "a, -")
        let after = plan(
            [demand("a", 60), demand("p", 50) { $0.pins = ["GPU:0"] }, demand("q", 10) { $0.pins = ["GPU:0"] }],
            devices(100, 100),
            after: before
        )
        #expect(text(after) == "p q, a")
        #expect(after.assignments.filter(\.isPinned).map(\.replica.id.name) == ["p", "q"])
    }

    @Test(arguments: [
        ("GPU:7", "p version 1 is pinned to GPU:7, and there is no such device: there are GPU:0, GPU:1"),
        ("GPU:1", "p version 1 needs 120 B on GPU:1, to which it is pinned: 100 B of 100 B are free"),
    ])
    func `a pin that cannot hold is refused, never bent`(device: String, reason: String) {
        let plan = plan([demand("p", 120) { $0.pins = [device] }, demand("a", 10)], devices(200, 100))
        #expect(text(plan) == "a, - | p")
        #expect(plan.refusals.map(\.reason) == [reason])
    }

    @Test func `versions that belong together share a device or have none`() {
        let three = ["a", "b", "c"].map { name in demand(name, 30) { $0.together = "ensemble" } }
        #expect(text(plan(three + [demand("x", 80)], devices(100, 90))) == "a b c, x")
        let refused = plan(three, devices(80, 80))
        #expect(text(refused) == "-, - | a b c")
        #expect(
            refused.refusals.first?.reason
                == "3 versions that belong together (a version 1, b version 1, c version 1) need 90 B, and the largest "
                + "device, GPU:0, has 80 B in all"
        )
    }

    @Test func `versions that must stay apart have devices of their own`() {
        let three = ["a", "b", "c"].map { name in demand(name, 10) { $0.apart = "shards" } }
        #expect(plan(three, devices(100, 100, 100)).devices.map(\.replicas) == [1, 1, 1])
        let refused = plan(three, devices(100, 100))
        #expect(refused.refusals.count == 1)
        #expect(refused.refusals[0].reason.contains("none of the 2 devices is free of these"))
    }

    @Test func `replicas have devices of their own and share the load`() {
        let plan = plan(
            [
                demand("a", 10) {
                    $0.replicas = 3
                    $0.load = 6
                }
            ],
            devices(100, 100)
        )
        #expect(text(plan) == "a, a#1 | a#2")
        #expect(plan.assignments.map(\.load) == [2, 2])
        #expect(plan.devices(of: ServableID(name: "a", version: 1)) == ["GPU:0", "GPU:1"])
        #expect(plan.refusal(of: ServableID(name: "a", version: 1)) == nil)
    }

    @Test func `a hot model gets replicas as long as its share is more than fair`() {
        let hot = demand("hot", 10) {
            $0.load = 80
            $0.maximumReplicas = 8
        }
        let cold = (0..<20).map { demand("cold\($0)", 1) }
        let plan = plan([hot] + cold, devices(100, 100, 100, 100))
        // 100 of load on 4 devices are 25 each: 80 / 3 is more, 80 / 4 is not.
        #expect(plan.devices(of: hot.id).sorted() == ["GPU:0", "GPU:1", "GPU:2", "GPU:3"])
        #expect(plan.assignments.filter { $0.replica.id == hot.id }.map(\.load) == [20, 20, 20, 20])
        #expect(plan.devices.reduce(0) { $0 + $1.load } == 100)
        // Without memory there are no more.
        let full = PlacementPlanner.plan([hot], on: devices(15, 5, 5))
        #expect(full.devices(of: hot.id) == ["GPU:0"])
    }

    @Test func `loads are spread where memory does not matter`() {
        let loads: [Double] = [8, 1, 1, 1, 1, 4]
        let demands = loads.enumerated().map { index, load in demand("m\(index)", 10) { $0.load = load } }
        #expect(plan(demands, devices(1000, 1000)).devices.map(\.load) == [8, 8])
    }

    @Test func `without devices everything is refused`() {
        let plan = plan([demand("a", 1), demand("b", 1) { $0.pins = ["CPU:0"] }], [])
        #expect(
            plan.refusals.map(\.reason) == [
                "a version 1 needs 1 B, and there is no device",
                "b version 1 is pinned to CPU:0, and there is no such device: there is none",
            ]
        )
    }

    @Test func `sizes beyond all measure are refused, not added up`() {
        let plan = plan([demand("a", .max), demand("b", .max) { $0.replicas = 2 }], devices(100, .max))
        #expect(plan.assignments.count == 1)
        #expect(plan.refusals.count == 2)
    }

    @Test func `what is optional takes what is left, in the order of the question, and moves nothing`() {
        let before = plan([demand("a", 60), demand("b", 60)], devices(100, 100))
        let optional = { (name: String, bytes: Int) in self.demand(name, bytes) { $0.isOptional = true } }
        let all = [demand("a", 60), demand("b", 60), optional("z", 30), optional("y", 40), optional("x", 40)]
        let after = plan(all, devices(100, 100), after: before)
        #expect(text(after) == "a z, b y")
        #expect(after.resting.map(\.id.name) == ["x"] && after.refusals.isEmpty && after.moves.isEmpty)
        // What could never have a place is told.
        let large = plan([optional("large", 200)], devices(100, 100))
        #expect(large.resting.isEmpty && large.refusals.first?.reason.contains("the largest device") == true)
        // All together may take less than the devices hold.
        let limited = PlacementPlanner.plan(all, on: devices(100, 100), after: before, within: 160)
        #expect(limited.resting.map(\.id.name) == ["x", "y"])
    }

    @Test func `a plan is compared with what is`() {
        let current = PlacementPlan(current: [(.init(id: ServableID(name: "a", version: 1)), "GPU:1", 60)])
        let demands = [demand("a", 60), demand("b", 60)]
        let kept = plan(demands, devices(100, 100), after: current).compared(with: current)
        #expect(kept.assignments.map(\.isNew) == [true, false] && kept.moves.isEmpty && !kept.changesNothing)
        #expect(kept.compared(with: kept).changesNothing)
        let anew = plan(demands, devices(100, 100)).compared(with: current)
        #expect(anew.moves.map(\.previousDevice) == ["GPU:1"])
    }
}
