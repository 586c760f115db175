import ModelTools
import Servables
import ServingConfig
import Testing

@testable import ModelServing

@Suite struct PlacementLedgerTests {
    private func id(_ name: String) -> ServableID { ServableID(name: name, version: 1) }

    private func demand(_ name: String, _ bytes: Int = 60) -> PlacementDemand {
        PlacementDemand(id: id(name), bytes: bytes)
    }

    private func devices(_ names: String..., budget: Int = 100) -> [PlacementDevice] {
        names.map { PlacementDevice(name: $0, budget: budget) }
    }

    private func model(_ name: String, pinnedTo device: String? = nil) -> ServerConfiguration.Model {
        var model = ServerConfiguration.Model(name: name, basePath: "/models/\(name)")
        model.placement.devices = device.map { [$0] } ?? []
        return model
    }

    @Test func `the first to be loaded does not take the place that another was planned for`() {
        var ledger = PlacementLedger(devices: devices("CPU:0", "CPU:1"))
        #expect(ledger.expect([demand("large", 90), demand("small", 20), demand("middle", 70)]).isEmpty)
        #expect(ledger.begin(demand("small", 20)).devices == ledger.devices(of: id("small")))
        #expect(ledger.begin(demand("large", 90)).devices != nil)
        #expect(ledger.begin(demand("middle", 70)).devices != nil)
        #expect(ledger.devices(of: id("small")) == ledger.devices(of: id("middle")))
    }

    @Test func `what has no place is refused, and welcome when there is one`() {
        var ledger = PlacementLedger(devices: devices("CPU:0"))
        #expect(ledger.begin(demand("a")).devices == ["CPU:0"])
        #expect(ledger.begin(demand("b")).devices == nil)
        #expect(ledger.hasRefused(id("b")) && !ledger.hasRefused(id("a")))
        #expect(ledger.end(id("a")).welcome == [id("b")])
        #expect(!ledger.hasRefused(id("b")))
        // Its place is kept until it comes.
        #expect(ledger.begin(demand("c")).devices == nil)
        #expect(ledger.begin(demand("b")).devices == ["CPU:0"])
    }

    @Test func `what was measured counts in place of the estimate`() {
        var ledger = PlacementLedger(devices: devices("CPU:0", "CPU:1"))
        for name in ["a", "b"] { #expect(ledger.begin(demand(name, 50)).devices != nil) }
        #expect(ledger.devices(of: id("a")) != ledger.devices(of: id("b")))
        ledger.measured(30, id("a"))
        let plan = ledger.planned()
        #expect(plan.assignments.map(\.bytes).sorted() == [30, 50])
        #expect(plan.assignments.first { $0.bytes == 30 }?.size == .measured)
        #expect(ledger.plan.assignments.map(\.bytes) == [50, 50], "a look changes nothing")
        // 70 + 30 fit where 70 + 50 would not.
        #expect(ledger.begin(demand("c", 70)).devices == ledger.devices(of: id("a")))
    }

    @Test func `a device that turns out to be too full gives something away when that has a place`() {
        var ledger = PlacementLedger(devices: devices("CPU:0", "CPU:1"))
        _ = ledger.configure([model("a", pinnedTo: "CPU:0"), model("b", pinnedTo: "CPU:0")])
        for name in ["a", "b"] {
            var demand = demand(name, 50)
            demand.pins = ["CPU:0"]
            #expect(ledger.begin(demand).devices == ["CPU:0"])
        }
        _ = ledger.configure([model("a", pinnedTo: "CPU:0"), model("b")])
        ledger.measured(60, id("b"))
        #expect(ledger.devices(of: id("b")) == ["CPU:0"], "what runs stays for now")
        #expect(ledger.planned().devices(of: id("b")) == ["CPU:1"])
        #expect(ledger.apply(anew: false).moved == [id("b")])
        #expect(ledger.apply(anew: false).isEmpty, "to do it again changes nothing")
    }

    @Test func `what runs is not ended because it was found to take more`() {
        var ledger = PlacementLedger(devices: devices("CPU:0"))
        for name in ["a", "b"] { #expect(ledger.begin(demand(name, 50)).devices == ["CPU:0"]) }
        ledger.measured(80, id("a"))
        #expect(ledger.apply(anew: false).isEmpty)
        #expect(ledger.plan.refusals.isEmpty)
    }

    @Test func `planned anew models move to where it is more even`() {
        var ledger = PlacementLedger(devices: devices("CPU:0", "CPU:1"))
        for name in ["a", "b", "c", "d"] { _ = ledger.begin(demand(name, 40)) }
        for name in ["a", "b", "c", "d"] where ledger.devices(of: id(name)) == ["CPU:1"] { _ = ledger.end(id(name)) }
        #expect(ledger.planned().moves.isEmpty)
        #expect(ledger.apply(anew: true).moved.count == 1)
        #expect(ledger.plan.devices.map(\.replicas) == [1, 1])
    }

    @Test func `a lost device makes some move and some homeless`() {
        var ledger = PlacementLedger(devices: devices("CPU:0", "CPU:1", "CPU:2"))
        for name in ["a", "b", "c"] { #expect(ledger.begin(demand(name, 50)).devices?.count == 1) }
        let lost = ledger.devices(of: id("c"))
        let all: [String] = ["CPU:0", "CPU:1", "CPU:2"]
        let rest = all.filter { !lost.contains($0) }
        let moved = ledger.setDevices(rest.map { PlacementDevice(name: $0, budget: 100) })
        #expect(moved == .init(moved: [id("c")]))
        let homeless = ledger.setDevices([PlacementDevice(name: rest[0], budget: 100)])
        #expect(homeless.homeless.count == 1 && homeless.moved.isEmpty)
        // Told once: it is on its way out.
        #expect(ledger.setDevices([PlacementDevice(name: rest[0], budget: 100)]).isEmpty)
    }

    @Test func `a pin that comes later moves what is loaded`() {
        var ledger = PlacementLedger(devices: devices("CPU:0", "CPU:1"))
        #expect(ledger.configure([model("a")]).isEmpty)
        #expect(ledger.begin(demand("a")).devices == ["CPU:0"])
        #expect(ledger.configure([model("a", pinnedTo: "cpu:1")]).moved == [id("a")])
        #expect(ledger.devices(of: id("a")) == ["CPU:1"])
        #expect(ledger.configure([model("a")]).isEmpty, "what is well where it is stays there")
    }

    @Test func `models that are no longer configured keep no place`() {
        var ledger = PlacementLedger(devices: devices("CPU:0"))
        _ = ledger.configure([model("a"), model("b")])
        _ = ledger.expect([demand("a"), demand("b", 30)])
        #expect(ledger.begin(demand("c", 50)).devices == nil)
        #expect(ledger.configure([model("b"), model("c")]).welcome == [id("c")])
    }
}
