import Servables
import ServingPrimitives
import Testing

private typealias Resident = CacheSnapshot.Resident
private typealias Want = CacheSnapshot.Want
private typealias Passing = CacheSnapshot.Passing

private func id(_ name: String) -> ServableID { ServableID(name: name, version: 1) }

private func seconds(_ count: Int) -> MonotonicTime { MonotonicTime(nanoseconds: UInt64(count) * 1_000_000_000) }

/// One copy on each device, of so many bytes.
private func resident(
    _ name: String,
    _ bytes: Int,
    on devices: String...,
    uses: Double = 1,
    _ change: (inout Resident) -> Void = { _ in }
) -> Resident {
    var resident = Resident(id(name), bytes: bytes * devices.count, reloadNanoseconds: 1_000_000, frequency: uses)
    resident.devices = devices
    change(&resident)
    return resident
}

private func want(
    _ name: String,
    _ bytes: Int,
    peak: Int? = nil,
    reason: LoadReason = .demand,
    _ change: (inout Want) -> Void = { _ in }
) -> Want {
    var want = Want(id(name), bytes: bytes, peakBytes: peak, reason: reason)
    change(&want)
    return want
}

/// The plan on devices D0, D1 and so on, as short lines.
private func lines(
    _ budgets: [Int],
    all: Int? = nil,
    _ residents: [Resident],
    _ wants: [Want],
    _ passing: [Passing] = []
) -> [String] {
    var snapshot = CacheSnapshot(budget: all ?? budgets.reduce(0, +), now: seconds(100))
    snapshot.devices = budgets.enumerated().map { CacheDevice(name: "D\($0)", budget: $1) }
    snapshot.residents = residents
    snapshot.wants = wants
    snapshot.passing = passing
    for version in passing {
        let bytes = (version.isLeaving ? version.bytes : version.peakBytes) * version.devices.count
        if version.isLeaving { snapshot.unloadingBytes += bytes } else { snapshot.loadingBytes += bytes }
    }
    let plan = CachePlan(snapshot)
    return plan.evict.map { "evict \($0.id.name) \($0.reason.rawValue)" }
        + plan.load.map { "load \($0.name) on \((plan.devices[$0] ?? []).joined(separator: " "))" }
        + plan.refuse.map { "refuse \($0.id.name): \($0.error.message)" }
}

@Suite struct CachePlanDeviceTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        fileprivate var budgets = [100, 100]
        fileprivate var all: Int?
        fileprivate var residents: [Resident] = []
        fileprivate var wants: [Want]
        fileprivate var passing: [Passing] = []
        var lines: [String]

        fileprivate init(
            _ description: String,
            budgets: [Int] = [100, 100],
            all: Int? = nil,
            _ residents: [Resident] = [],
            _ wants: [Want],
            passing: [Passing] = [],
            _ lines: String...
        ) {
            testDescription = description
            self.budgets = budgets
            self.all = all
            self.residents = residents
            self.wants = wants
            self.passing = passing
            self.lines = lines
        }
    }

    private static func busy(_ resident: inout Resident) { resident.isBusy = true }

    private static func pinned(_ resident: inout Resident) { resident.isPinned = true }

    private static func wishing(_ change: @escaping (inout DeviceWishes) -> Void) -> (inout Want) -> Void {
        { change(&$0.wishes) }
    }

    static let cases = [
        Case("the emptiest device is taken", [resident("r", 30, on: "D0")], [want("a", 50)], "load a on D1"),
        Case("versions are spread", [], [want("a", 50), want("b", 50)], "load a on D0", "load b on D1"),
        Case(
            "what a plan chose is taken where it is as good",
            [resident("r", 30, on: "D1")],
            [want("a", 50) { $0.plannedDevices = ["D1"] }],
            "load a on D1"
        ),
        Case(
            "what a plan chose is not taken where something had to go for it",
            [resident("r", 70, on: "D1")],
            [want("a", 50) { $0.plannedDevices = ["D1"] }],
            "load a on D0"
        ),
        Case(
            "what is worth least goes, on whichever device it is",
            [resident("x", 70, on: "D0", uses: 9), resident("y", 70, on: "D1", uses: 1)],
            [want("a", 50)],
            "evict y demand"
        ),
        Case(
            "two of little worth go rather than one of much",
            [resident("x", 80, on: "D0", uses: 9), resident("y", 40, on: "D1"), resident("z", 40, on: "D1")],
            [want("a", 90)],
            "evict y demand",
            "evict z demand"
        ),
        Case(
            "priority counts before worth",
            [
                resident("x", 70, on: "D0", uses: 1) { $0.priority = 1 },
                resident("y", 70, on: "D1", uses: 9),
            ],
            [want("a", 50)],
            "evict y demand"
        ),
        Case(
            "free bytes of several devices together are no room",
            [resident("x", 60, on: "D0") { busy(&$0) }, resident("y", 60, on: "D1") { busy(&$0) }],
            [want("a", 50)]
        ),
        Case(
            "what is on its way out is enough",
            [resident("x", 70, on: "D0")],
            [want("a", 50)],
            passing: [Passing(id("y"), on: ["D1"], bytes: 70, isLeaving: true)]
        ),
        Case(
            "what is on its way in counts with its most",
            budgets: [100],
            [],
            [want("a", 50)],
            passing: [Passing(id("y"), on: ["D0"], bytes: 40, peakBytes: 60, isLeaving: false)]
        ),
        Case(
            "a small one does not take the room that is being made for a large one",
            budgets: [100],
            [resident("r", 60, on: "D0")],
            [want("a", 90), want("b", 30)],
            "evict r demand"
        ),
        Case(
            "a pin decides",
            [resident("r", 70, on: "D1", uses: 9)],
            [want("a", 50, wishing { $0.pins = ["D1"] })],
            "evict r demand"
        ),
        Case(
            "a pin to nowhere is refused",
            [],
            [want("a", 50, wishing { $0.pins = ["D7"] }), want("b", 50)],
            "load b on D0",
            "refuse a: {name: a version: 1} is pinned to D7, and there is no such device: there are D0, D1"
        ),
        Case(
            "copies are on devices of their own",
            budgets: [100, 100, 100],
            [],
            [want("a", 50, wishing { $0.copies = 2 })],
            "load a on D0 D1"
        ),
        Case(
            "one copy is enough",
            [resident("r", 70, on: "D1") { busy(&$0) }],
            [want("a", 50, wishing { $0.copies = 2 })],
            "load a on D0"
        ),
        Case(
            "evicting copies frees all of their devices",
            [resident("r", 70, on: "D0", "D1")],
            [want("a", 50, wishing { $0.copies = 2 })],
            "evict r demand"
        ),
        Case(
            "what belongs together shares a device",
            [resident("r", 10, on: "D1") { $0.wishes.together = "text" }],
            [want("a", 50, wishing { $0.together = "text" })],
            "load a on D1"
        ),
        Case(
            "what must be apart is not beside each other",
            [
                resident("r", 70, on: "D0", uses: 9),
                resident("s", 10, on: "D1") {
                    $0.wishes.apart = "x"
                    busy(&$0)
                },
            ],
            [want("a", 50, wishing { $0.apart = "x" })],
            "evict r demand"
        ),
        Case(
            "of those that must be apart one may take the place of the other",
            budgets: [100],
            [resident("s", 10, on: "D0") { $0.wishes.apart = "x" }],
            [want("a", 50, wishing { $0.apart = "x" })],
            "evict s demand"
        ),
        Case(
            "what is on a device that is gone leaves, in use or not",
            [resident("r", 10, on: "D9") { busy(&$0) }, resident("s", 10, on: "D0")],
            [],
            "evict r placement"
        ),
        Case(
            "what is not where its pin says leaves",
            [resident("r", 10, on: "D0") { $0.wishes.pins = ["D1"] }],
            [],
            "evict r placement"
        ),
        Case(
            "a device with too much gives away what is worth least there",
            [
                resident("x", 60, on: "D0", uses: 9), resident("y", 60, on: "D0"),
                resident("z", 60, on: "D1", uses: 0.1),
            ],
            [],
            "evict y overBudget"
        ),
        Case(
            "the limit of all holds, too",
            all: 100,
            [resident("x", 60, on: "D0")],
            [want("a", 60)],
            "evict x demand"
        ),
        Case(
            "nothing is evicted for what nobody waits for",
            [resident("x", 60, on: "D0"), resident("y", 60, on: "D1")],
            [want("a", 50, reason: .prefetch), want("b", 50, reason: .placement), want("c", 40, reason: .placement)],
            "load c on D0"
        ),
        Case(
            "more than the largest device holds is refused with both figures",
            budgets: [100, 200],
            [],
            [want("a", 250)],
            "refuse a: {name: a version: 1} needs 250 bytes of memory, and the largest device, D1, may hold 200 bytes"
        ),
        Case(
            "more than its pin's device holds is refused with both figures",
            budgets: [100, 200],
            [],
            [want("a", 150, wishing { $0.pins = ["D0"] })],
            "refuse a: {name: a version: 1} needs 150 bytes of memory, and D0 may hold 100 bytes"
        ),
        Case(
            "what pinned models leave no room for is refused",
            [resident("r", 60, on: "D0") { pinned(&$0) }, resident("s", 70, on: "D1") { pinned(&$0) }],
            [want("a", 50)],
            "refuse a: {name: a version: 1} needs 50 bytes of memory, and beside what is pinned 40 bytes are left on the "
                + "device that has most"
        ),
    ]

    @Test(arguments: cases)
    func `each version has a device with room`(_ test: Case) {
        #expect(lines(test.budgets, all: test.all, test.residents, test.wants, test.passing) == test.lines)
    }

    @Test func `without any device nothing is loaded, and the reason is told`() {
        #expect(
            lines([], all: 100, [], [want("a", 50)])
                == ["refuse a: {name: a version: 1} needs 50 bytes of memory, and there is no device"]
        )
    }

    @Test func `no mix of versions is ever planned beyond the budget of a device`() {
        var random: UInt64 = 7
        func next(_ limit: Int) -> Int {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(random >> 33) % limit
        }
        for _ in 0..<2000 {
            var snapshot = CacheSnapshot(budget: 300, now: seconds(100))
            snapshot.devices = (0..<3).map { CacheDevice(name: "D\($0)", budget: 100) }
            snapshot.residents = (0..<next(9)).map { index in
                resident("r\(index)", 1 + next(30), on: "D\(index % 3)", uses: Double(next(9))) {
                    $0.isBusy = next(4) == 0
                    $0.isPinned = next(6) == 0
                    $0.wishes.apart = next(5) == 0 ? "x" : nil
                }
            }
            snapshot.wants = (0..<next(5)).map { index in
                want("w\(index)", 1 + next(60)) {
                    $0.wishes.copies = 1 + next(3)
                    $0.wishes.apart = next(5) == 0 ? "x" : nil
                    $0.wishes.together = next(5) == 0 ? "t" : nil
                }
            }
            let plan = CachePlan(snapshot)
            for device in ["D0", "D1", "D2"] {
                let before = snapshot.residents.filter { $0.devices == [device] }.reduce(0) { $0 + $1.bytes }
                let loaded = snapshot.wants.filter { plan.devices[$0.id]?.contains(device) ?? false }
                if !loaded.isEmpty { #expect(before + loaded.reduce(0) { $0 + $1.bytes } <= 100) }
                let apart = loaded.filter { $0.wishes.apart != nil }.count
                let there = snapshot.residents.filter { $0.devices == [device] && $0.wishes.apart != nil }.count
                if apart > 0 { #expect(apart + there == 1) }
            }
            #expect(plan.devices.values.allSatisfy { Set($0).count == $0.count && !$0.isEmpty })
            for eviction in plan.evict {
                let resident = snapshot.residents.first { $0.id == eviction.id }
                #expect(resident?.isPinned == false && resident?.isBusy == false)
            }
        }
    }
}
