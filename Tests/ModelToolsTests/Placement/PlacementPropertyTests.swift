import ModelTools
import Servables
import Testing

/// What holds for every instance, on random ones.
@Suite struct PlacementPropertyTests {
    /// Numbers that are the same in every run.
    private struct Random: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var value = state
            value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
            return value ^ (value >> 31)
        }
    }

    private func devices(_ random: inout Random, maximum: Int = 9) -> [PlacementDevice] {
        (0..<Int.random(in: 1...maximum, using: &random)).map {
            PlacementDevice(name: "GPU:\($0)", budget: Int.random(in: 50...200, using: &random))
        }
    }

    /// Everything that a demand may ask for, now and then.
    private func demands(_ random: inout Random, _ devices: [PlacementDevice], maximum: Int = 40) -> [PlacementDemand] {
        (0..<Int.random(in: 0...maximum, using: &random)).map { index in
            func sometimes<T>(_ value: T?) -> T? { Int.random(in: 0..<6, using: &random) == 0 ? value : nil }
            var demand = PlacementDemand(
                id: ServableID(name: "m\(index)", version: Int64.random(in: 1...3, using: &random)),
                bytes: Int.random(in: 0...60, using: &random),
                load: Double.random(in: 0...5, using: &random)
            )
            demand.replicas = sometimes(2) ?? 1
            demand.maximumReplicas = max(demand.replicas, sometimes(4) ?? 1)
            demand.pins = sometimes(["GPU:\(Int.random(in: 0...9, using: &random))"]) ?? []
            demand.together = sometimes("t\(Int.random(in: 0...2, using: &random))")
            demand.apart = sometimes("a\(Int.random(in: 0...2, using: &random))")
            return demand
        }
    }

    private func check(_ plan: PlacementPlan, _ demands: [PlacementDemand], _ devices: [PlacementDevice]) {
        let byID = Dictionary(uniqueKeysWithValues: demands.map { ($0.id, $0) })
        #expect(plan.devices.map(\.device) == devices)
        for total in plan.devices {
            let here = plan.assignments.filter { $0.device == total.device.name }
            #expect(total.bytes <= total.device.budget)
            #expect(total.bytes == here.reduce(0) { $0 + $1.bytes })
            #expect(total.replicas == here.count)
            #expect(Set(here.map(\.replica.id)).count == here.count, "two replicas on one device")
            let apart = here.compactMap { byID[$0.replica.id]?.apart }
            #expect(Set(apart).count == apart.count, "what must stay apart is on \(total.device.name)")
        }
        for assignment in plan.assignments {
            guard let demand = byID[assignment.replica.id] else {
                Issue.record("\(assignment) was not asked for")
                continue
            }
            if assignment.replica.index < demand.pins.count {
                #expect(assignment.device == demand.pins[assignment.replica.index])
            }
        }
        for group in Set(demands.compactMap(\.together)) {
            let first = plan.assignments.filter { byID[$0.replica.id]?.together == group && $0.replica.index == 0 }
            #expect(Set(first.map(\.device)).count <= 1, "\(group) is torn apart")
        }
        // Every replica has a place or a reason, and only one of them.
        let places = plan.assignments.map(\.replica) + plan.refusals.map(\.replica)
        #expect(Set(places).count == places.count)
        for demand in demands {
            for index in 0..<demand.replicas { #expect(places.contains(.init(id: demand.id, index: index))) }
        }
    }

    @Test(arguments: 0..<100)
    func `no plan breaks a rule, nor does one that follows it`(seed: Int) {
        var random = Random(state: UInt64(seed))
        let devices = devices(&random)
        var demands = demands(&random, devices)
        let plan = PlacementPlanner.plan(demands, on: devices)
        check(plan, demands, devices)
        #expect(PlacementPlanner.plan(demands, on: devices) == plan, "the same question has two answers")

        // Some go, some come, a device is lost, budgets change.
        demands.removeAll { _ in Int.random(in: 0..<5, using: &random) == 0 }
        demands.append(PlacementDemand(id: ServableID(name: "new", version: 1), bytes: 40))
        var changed = devices.shuffled(using: &random).dropLast(Int.random(in: 0...1, using: &random)).map(\.self)
        for index in changed.indices where Int.random(in: 0..<4, using: &random) == 0 { changed[index].budget -= 30 }
        check(PlacementPlanner.plan(demands, on: changed, after: plan), demands, changed)
    }

    @Test(arguments: 0..<100)
    func `nothing moves when nothing changes, and nothing that has a place loses it`(seed: Int) {
        var random = Random(state: UInt64(1000 + seed))
        let devices = devices(&random)
        let demands = demands(&random, devices)
        let plan = PlacementPlanner.plan(demands, on: devices)
        let again = PlacementPlanner.plan(demands, on: devices, after: plan)
        for assignment in plan.assignments where assignment.replica.index == 0 {
            #expect(again.assignments.contains { $0.replica == assignment.replica }, "lost \(assignment.replica)")
        }
        if plan.refusals.isEmpty { #expect(again.moves.isEmpty) }
    }

    @Test(arguments: 0..<100)
    func `a lost device moves only its own while the others have room`(seed: Int) {
        var random = Random(state: UInt64(2000 + seed))
        let devices = (0..<6).map { PlacementDevice(name: "GPU:\($0)", budget: 1000) }
        let demands = (0..<60).map {
            PlacementDemand(id: ServableID(name: "m\($0)", version: 1), bytes: Int.random(in: 1...60, using: &random))
        }
        let before = PlacementPlanner.plan(demands, on: devices)
        let lost = Int.random(in: 0..<6, using: &random)
        var rest = devices
        rest.remove(at: lost)
        let after = PlacementPlanner.plan(demands, on: rest, after: before)
        #expect(after.refusals.isEmpty)
        for assignment in before.assignments where assignment.device != "GPU:\(lost)" {
            #expect(after.devices(of: assignment.replica.id) == [assignment.device])
        }
    }

    /// What fits into 95 % of the memory without any waste finds its places.
    @Test(arguments: 0..<30)
    func `memory that is 5 per cent more than the models is enough`(seed: Int) {
        var random = Random(state: UInt64(3000 + seed))
        let count = Int.random(in: 2...64, using: &random)
        // At least ten models for each device: below that no packing may exist.
        let demands = (0..<count * Int.random(in: 10...40, using: &random)).map {
            PlacementDemand(
                id: ServableID(name: "m\($0)", version: 1),
                bytes: Int.random(in: 1...1000, using: &random),
                load: Double.random(in: 0...10, using: &random)
            )
        }
        let total = demands.reduce(0) { $0 + $1.bytes }
        let budget = (total * 105 / 100 + count - 1) / count
        let devices = (0..<count).map { PlacementDevice(name: "GPU:\($0)", budget: budget) }
        let plan = PlacementPlanner.plan(demands, on: devices)
        #expect(plan.refusals.isEmpty, "\(plan.refusals.count) of \(demands.count) on \(count) devices have no place")
    }

    /// The fullest device against the least that it can be: the mean, or the largest model.
    @Test(arguments: 0..<30)
    func `the fullest device is within 5 per cent of the lower bound`(seed: Int) {
        var random = Random(state: UInt64(4000 + seed))
        let count = Int.random(in: 2...64, using: &random)
        let demands = (0..<count * Int.random(in: 10...40, using: &random)).map {
            PlacementDemand(
                id: ServableID(name: "m\($0)", version: 1),
                bytes: Int.random(in: 1...1000, using: &random),
                load: 0
            )
        }
        let devices = (0..<count).map { PlacementDevice(name: "GPU:\($0)", budget: 1 << 40) }
        let plan = PlacementPlanner.plan(demands, on: devices)
        let mean = (demands.reduce(0) { $0 + $1.bytes } + count - 1) / count
        let bound = max(mean, demands.map(\.bytes).max() ?? 0)
        let fullest = plan.devices.map(\.bytes).max() ?? 0
        #expect(Double(fullest) <= Double(bound) * 1.05, "\(fullest) against \(bound)")
    }
}
