import ModelTools
import Servables
import Testing

@Suite struct PlacementReportTests {
    private func plan(_ text: String) throws -> PlacementPlan {
        let description = try PlacementDescription(text)
        return PlacementPlanner.plan(description.demands, on: description.devices)
    }

    private static let small = """
        device CPU:0 240MB
        device CPU:1 240MB
        model a 64MB count=3
        model b 100MB device=CPU:1
        model big 300MB
        """

    @Test func `the table tells what is where, what is not, and why`() throws {
        #expect(
            try plan(Self.small).text() == """
                DEVICE   TAKEN  BUDGET  FULL  LOAD  MODELS
                CPU:0   128 MB  240 MB   53%     2       2
                    a1/1 64 MB, a2/1 64 MB
                CPU:1   164 MB  240 MB   68%     2       2
                    a3/1 64 MB, b/1 100 MB (pinned)

                NO PLACE
                    big version 1 needs 300 MB, and the largest device, CPU:0, has 240 MB in all

                4 of 5 models on 2 devices: 292 MB of 480 MB taken, 300 MB without a place
                """
        )
    }

    @Test func `moves are told`() throws {
        let before = try plan("device A 10\ndevice B 10\nmodel x 6 device=A\nmodel y 3 device=A\nmodel z 6 device=B")
        let description = try PlacementDescription(
            "device A 10\ndevice B 10\nmodel x 6\nmodel y 3\nmodel z 6\nmodel n 4"
        )
        let after = PlacementPlanner.plan(description.demands, on: description.devices, after: before)
        #expect(after.refusals.isEmpty)
        let again = PlacementPlanner.plan(
            description.demands,
            on: [.init(name: "A", budget: 4), .init(name: "B", budget: 20)],
            after: before
        )
        #expect(again.text().contains("MOVES\n    x/1: A -> B\n"))
    }

    @Test func `the table says which sizes were measured, and what rests`() {
        func demand(_ name: String, _ bytes: Int, _ size: PlacementDemand.Size, isOptional: Bool) -> PlacementDemand {
            let id = ServableID(name: name, version: 1)
            return PlacementDemand(id: id, bytes: bytes, pins: ["A"], size: size, isOptional: isOptional)
        }
        let demands =
            [demand("a", 6, .measured, isOptional: false), demand("b", 3, .estimated, isOptional: true)]
            + (1...50).map { demand("m\($0)", 10, .estimated, isOptional: true) }
        let plan = PlacementPlanner.plan(demands, on: [.init(name: "A", budget: 10)])
        let text = plan.text()
        #expect(text.contains("    a/1 6 B (pinned, measured), b/1 3 B (pinned, estimated)\n"))
        #expect(text.contains("\nAT REST UNTIL ASKED FOR\n    m1/1, m10/1,") && text.contains("    and 10 more\n"))
        #expect(text.hasSuffix("2 of 52 models on 1 device: 9 B of 10 B taken"))
        let loads = plan.compared(with: PlacementPlan()).text()
        #expect(loads.contains("LOADS\n    a/1: -> A\n    b/1: -> A\n"))
    }

    @Test func `the JSON text has every figure, and survives any name`() throws {
        let json = try plan("device A 10\nmodel q\"\\\u{1}x 6 load=1.5\nmodel big 11").json
        #expect(
            json == """
                {
                  "devices": [
                    {"name": "A", "budget": 10, "bytes": 6, "load": 1.5, "replicas": 1}
                  ],
                  "assignments": [
                    {"model": "q\\"\\\\\\u0001x", "version": 1, "replica": 0, "device": "A", "bytes": 6, \
                "size": "given", "load": 1.5, "pinned": false, "previous_device": null, "new": false}
                  ],
                  "refusals": [
                    {"model": "big", "version": 1, "replica": 0, "bytes": 11, "size": "given", \
                "reason": "big version 1 needs 11 B, and the largest device, A, has 10 B in all"}
                  ],
                  "resting": []
                }
                """
        )
    }

    @Test func `the picture has a block for each model and a line for what has no place`() throws {
        let svg = PlacementPicture(try plan(Self.small), title: "a <b> & c").svg
        #expect(svg.hasPrefix("<svg xmlns=\"http://www.w3.org/2000/svg\""))
        #expect(svg.split(separator: "class=\"model\"").count == 5)
        #expect(svg.contains("a &lt;b&gt; &amp; c"))
        #expect(svg.contains("<title>b/1: 100 MB, pinned</title>"))
        #expect(svg.contains("big version 1 needs 300 MB"))
        #expect(svg.contains("prefers-color-scheme: dark"))
    }

    @Test func `a plan of nothing is a plan`() throws {
        #expect(
            try plan("").text()
                == "DEVICE  TAKEN  BUDGET  FULL  LOAD  MODELS\n\n0 models on 0 devices: 0 B of 0 B taken"
        )
        #expect(PlacementPicture(try plan("")).svg.hasSuffix("</svg>\n"))
    }
}
