import ModelTools
import Servables
import ServingPrimitives
import Testing

@Suite struct PlacementDescriptionTests {
    @Test func `devices and models are read`() throws {
        let description = try PlacementDescription(
            """
            # The case of the document.
            device GPU:0 15GB
            device GPU:1 15GB   # another one

            model m 4GB count=3
            model hot 100MB version=7 load=2.5 replicas=2 max-replicas=4 device=GPU:1,GPU:0 together=a apart=b
            """
        )
        #expect(description.devices.map(\.name) == ["GPU:0", "GPU:1"])
        #expect(description.devices.map(\.budget) == [15_000_000_000, 15_000_000_000])
        #expect(description.demands.map(\.id.name) == ["m1", "m2", "m3", "hot"])
        let hot = try #require(description.demands.last)
        #expect(hot.id.version == 7)
        #expect((hot.bytes, hot.load, hot.replicas, hot.maximumReplicas) == (100_000_000, 2.5, 2, 4))
        #expect(hot.pins == ["GPU:1", "GPU:0"])
        #expect((hot.together, hot.apart) == ("a", "b"))
    }

    @Test(arguments: [
        ("device GPU:0", "line 1: expected device NAME SIZE, like device GPU:0 15GB"),
        ("\nmodel m", "line 2: expected model NAME SIZE [KEY=VALUE ...]"),
        ("model m 4XB", "line 1: \"4XB\" is no size; expected one like 240MB"),
        ("modle m 4GB", "line 1: \"modle\" is no kind of line; expected device or model"),
        ("model m 4GB 3", "line 1: \"3\" is no setting; expected KEY=VALUE, like load=3"),
        ("model m 4GB load=", "line 1: load has no value"),
        ("model m 4GB load=-1", "line 1: load=-1 is no number of 0 or more"),
        ("model m 4GB load=inf", "line 1: load=inf is no number of 0 or more"),
        ("model m 4GB version=x", "line 1: version=x is no number"),
        ("model m 4GB count=0", "line 1: count=0 is no number from 1 to 100000"),
        (
            "model m 4GB colour=red",
            "line 1: \"colour\" is no setting of a model; expected version, count, load, replicas, max-replicas, device, "
                + "together or apart"
        ),
        ("model m 4GB count=99999\nmodel n 1B replicas=2", "line 2: more than 100000 devices and replicas"),
        ("device A 1\ndevice A 2", "device A is there twice"),
        ("model a1 1\nmodel a 1 count=2", "model a1 version 1 is there twice"),
    ])
    func `what is wrong is told with its line`(text: String, message: String) {
        #expect(throws: ServingError.invalidArgument(message)) { try PlacementDescription(text) }
    }
}
