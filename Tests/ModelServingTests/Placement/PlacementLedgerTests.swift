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

    @Test func `where versions come and go what was refused waits for nothing`() {
        var ledger = PlacementLedger(devices: devices("CPU:0"), keepsPlaces: false)
        #expect(ledger.begin(demand("a")).devices == ["CPU:0"])
        #expect(ledger.begin(demand("b")).devices == nil)
        #expect(!ledger.hasRefused(id("b")))
        #expect(ledger.end(id("a")).isEmpty)
        #expect(ledger.begin(demand("b")).devices == ["CPU:0"])
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
