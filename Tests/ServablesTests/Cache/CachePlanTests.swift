import Servables
import ServingPrimitives
import Testing

private typealias Resident = CacheSnapshot.Resident
private typealias Want = CacheSnapshot.Want

private func id(_ name: String) -> ServableID { ServableID(name: name, version: 1) }

private func seconds(_ count: Int) -> MonotonicTime { MonotonicTime(nanoseconds: UInt64(count) * 1_000_000_000) }

private func resident(
    _ name: String,
    _ bytes: Int,
    uses: Double = 1,
    reload: UInt64 = 1_000_000,
    lastUse: Int = 0,
    _ change: (inout Resident) -> Void = { _ in }
) -> Resident {
    var resident = Resident(
        id(name),
        bytes: bytes,
        reloadNanoseconds: reload,
        frequency: uses,
        lastUse: seconds(lastUse)
    )
    change(&resident)
    return resident
}

/// The plan as short lines.
private func lines(_ plan: CachePlan) -> [String] {
    plan.evict.map { "evict \($0.id.name) \($0.reason.rawValue)" } + plan.load.map { "load \($0.name)" }
        + plan.refuse.map { "refuse \($0.id.name)" }
}

private func plan(
    _ budget: Int,
    at now: Int = 100,
    _ residents: [Resident],
    wants: [Want] = [],
    _ change: (inout CacheSnapshot) -> Void = { _ in }
) -> CachePlan {
    var snapshot = CacheSnapshot(budget: budget, now: seconds(now))
    snapshot.residents = residents
    snapshot.wants = wants
    change(&snapshot)
    return CachePlan(snapshot)
}

@Suite struct CachePlanTests {
    @Test func `what fits is loaded, in order`() {
        #expect(
            lines(plan(100, [], wants: [Want(id("a"), bytes: 60), Want(id("b"), bytes: 40)])) == ["load a", "load b"]
        )
    }

    @Test func `loads that are under way count`() {
        let busy = plan(100, [], wants: [Want(id("a"), bytes: 60)]) { $0.loadingBytes = 50 }
        #expect(lines(busy) == [])
    }

    @Test func `what a load takes for a moment must fit too`() {
        let want = Want(id("a"), bytes: 50, peakBytes: 80)
        #expect(lines(plan(100, [resident("r", 30)], wants: [want])) == ["evict r demand"])
        // More than there will ever be does not keep it from being loaded at all.
        let large = Want(id("a"), bytes: 50, peakBytes: 800)
        #expect(lines(plan(100, [], wants: [large])) == ["load a"])
    }

    @Test func `a load waits until what is evicted for it is gone`() {
        let first = plan(100, [resident("r", 80)], wants: [Want(id("a"), bytes: 60)])
        #expect(lines(first) == ["evict r demand"])
        let second = plan(100, [], wants: [Want(id("a"), bytes: 60)]) { $0.unloadingBytes = 80 }
        #expect(lines(second) == [])
        #expect(lines(plan(100, [], wants: [Want(id("a"), bytes: 60)])) == ["load a"])
    }

    @Test func `nothing more is evicted when what is on its way out is enough`() {
        let plan = plan(100, [resident("r", 40)], wants: [Want(id("a"), bytes: 50)]) { $0.unloadingBytes = 60 }
        #expect(lines(plan) == [])
    }

    @Test(arguments: [
        // Recency, frequency, reload time and bytes each decide when all else is equal.
        ([resident("old", 50, lastUse: 0), resident("new", 50, lastUse: 99)], "old"),
        ([resident("rare", 50, uses: 1), resident("often", 50, uses: 9)], "rare"),
        ([resident("cheap", 50, reload: 1_000_000), resident("dear", 50, reload: 9_000_000)], "cheap"),
        ([resident("large", 60), resident("small", 40)], "large"),
        // Priority counts before all of them.
        ([resident("low", 50, uses: 9), resident("high", 50) { $0.priority = 1 }], "low"),
    ])
    private func `the least valuable goes`(_ residents: [Resident], _ victim: String) {
        #expect(lines(plan(100, residents, wants: [Want(id("a"), bytes: 40)])) == ["evict \(victim) demand"])
    }

    @Test func `what is pinned, busy or new stays`() {
        let residents = [
            resident("pinned", 30, uses: 0) { $0.isPinned = true },
            resident("busy", 30, uses: 0) { $0.isBusy = true },
            resident("new", 30, uses: 0) { $0.staysUntil = seconds(101) },
            resident("free", 10, uses: 99),
        ]
        #expect(lines(plan(100, residents, wants: [Want(id("a"), bytes: 10)])) == ["evict free demand"])
        let waiting = plan(100, residents, wants: [Want(id("a"), bytes: 20)])
        #expect(waiting.load == [] && waiting.again == seconds(101))
        let later = plan(100, at: 101, residents, wants: [Want(id("a"), bytes: 20)])
        #expect(later.evict.map(\.id.name).contains("new"))
    }

    @Test func `small ones that a large one makes needless stay`() {
        let residents = [resident("s", 10, uses: 0.1), resident("l", 90, uses: 5)]
        #expect(lines(plan(100, residents, wants: [Want(id("a"), bytes: 90)])) == ["evict l demand"])
    }

    @Test func `more than the budget is refused by name with both figures`() throws {
        let refusal = try #require(plan(2048, [resident("r", 100)], wants: [Want(id("a"), bytes: 4096)]).refuse.first)
        #expect(
            refusal.error
                == ServingError(
                    .resourceExhausted,
                    "{name: a version: 1} needs 4096 bytes (4.0 KiB) of memory, and all models together may use "
                        + "2048 bytes (2.0 KiB)"
                )
        )
    }

    @Test func `what pinned models leave no room for is refused`() throws {
        let pinned = resident("p", 60) { $0.isPinned = true }
        let plan = plan(100, [pinned, resident("r", 40)], wants: [Want(id("a"), bytes: 50)])
        #expect(lines(plan) == ["refuse a"])
        #expect(plan.refuse.first?.error.message.hasSuffix("pinned models leave 40 bytes") ?? false)
    }

    @Test func `a refusal holds up nobody behind it`() {
        let wants = [Want(id("huge"), bytes: 400), Want(id("a"), bytes: 10)]
        #expect(lines(plan(100, [], wants: wants)) == ["load a", "refuse huge"])
    }

    @Test func `a small one does not take the room that is being made for a large one`() {
        let wants = [Want(id("large"), bytes: 80), Want(id("small"), bytes: 20)]
        let plan = plan(100, [resident("r", 60), resident("s", 30, uses: 9)], wants: wants)
        #expect(lines(plan) == ["evict r demand", "evict s demand"])
    }

    @Test func `what was not used for its time goes`() {
        let residents = [
            resident("idle", 10) { $0.idleAt = seconds(100) },
            resident("used", 10) { $0.idleAt = seconds(130) },
            resident("pinned", 10) {
                $0.idleAt = seconds(1)
                $0.isPinned = true
            },
        ]
        let plan = plan(100, residents)
        #expect(lines(plan) == ["evict idle idle"])
        #expect(plan.again == seconds(130))
    }

    @Test func `room for the next load is made ahead`() {
        let residents = [resident("a", 50, uses: 1), resident("b", 45, uses: 2)]
        #expect(lines(plan(100, residents) { $0.headroom = 10 }) == ["evict a headroom"])
        #expect(lines(plan(100, residents) { $0.headroom = 5 }) == [])
    }

    @Test func `room that nobody waits for is made when nothing is loaded nor run for the first time`() {
        let residents = [resident("a", 50, uses: 1), resident("b", 45, uses: 2)]
        let loading = plan(120, residents) {
            $0.headroom = 10
            $0.loadingBytes = 20
        }
        #expect(lines(loading) == [])
        let running = plan(100, residents) {
            $0.headroom = 10
            $0.lastLoad = $0.now
        }
        #expect(lines(running) == [] && running.again == seconds(100).advanced(byNanoseconds: 15_000_000))
        #expect(
            lines(
                plan(100, residents) {
                    $0.headroom = 10
                    $0.lastLoad = seconds(99)
                }
            ) == ["evict a headroom"]
        )
        #expect(lines(plan(90, residents) { $0.lastLoad = $0.now }) == ["evict a overBudget"], "that cannot wait")
    }

    @Test func `what has grown beyond the budget shrinks`() {
        let residents = [resident("a", 50, uses: 1), resident("b", 60, uses: 2)]
        #expect(lines(plan(100, residents)) == ["evict a overBudget"])
        #expect(lines(plan(120, residents) { $0.overheadBytes = 20 }) == ["evict a overBudget"])
    }

    @Test func `what the process holds besides does not keep a model away for ever`() {
        let plan = plan(100, [], wants: [Want(id("a"), bytes: 90)]) { $0.overheadBytes = 25 }
        #expect(lines(plan) == ["load a"])
    }

    @Test func `nothing is evicted for what nobody waits for`() {
        let want = Want(id("a"), bytes: 30, reason: .prefetch)
        #expect(lines(plan(100, [resident("r", 80)], wants: [want])) == [])
        #expect(lines(plan(100, [resident("r", 60)], wants: [want])) == ["load a"])
    }

    @Test func `no mix of versions is ever planned beyond the budget`() {
        var random: UInt64 = 1
        func next(_ limit: Int) -> Int {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(random >> 33) % limit
        }
        for _ in 0..<2000 {
            let residents = (0..<next(8)).map { index in
                resident("r\(index)", 1 + next(30), uses: Double(next(9)), lastUse: next(100)) {
                    $0.isBusy = next(4) == 0
                    $0.isPinned = next(6) == 0
                }
            }
            let wants = (0..<next(5)).map { Want(id("w\($0)"), bytes: 1 + next(60)) }
            let loading = next(30)
            let plan = plan(100, residents, wants: wants) { $0.loadingBytes = loading }
            let before = residents.reduce(loading) { $0 + $1.bytes }
            let loaded = wants.filter { plan.load.contains($0.id) }.reduce(0) { $0 + $1.bytes }
            if !plan.load.isEmpty { #expect(before + loaded <= 100) }
            for eviction in plan.evict {
                let resident = residents.first { $0.id == eviction.id }
                #expect(resident?.isPinned == false && resident?.isBusy == false)
            }
        }
    }
}
