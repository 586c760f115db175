import Inference
import Servables
import ServingPrimitives
import ServingProtos
import SwiftProtobuf
import Tensors
import Testing
import WireExercises

@testable import WireFormat

@Suite struct ExampleRequestDecoderTests {
    private static let examples = (1...3).map { number in
        Tensorflow_Example.with { $0.features.feature["x"] = .with { $0.floatList.value = [Float(number)] } }
    }
    private static let context = Tensorflow_Example.with {
        $0.features.feature["c"] = .with { $0.int64List.value = [7] }
    }

    private static func request(
        _ fill: (inout Tensorflow_Serving_ClassificationRequest) -> Void = { _ in }
    ) -> Tensorflow_Serving_ClassificationRequest {
        .with {
            $0.modelSpec.name = "m"
            $0.input.exampleList.examples = examples
            fill(&$0)
        }
    }

    private func decode(_ message: ReceivedMessage) throws(ServingError) -> ExampleCall {
        try ExampleRequestDecoder.decode(
            "ClassificationRequest",
            UnsafeRawBufferPointer(message.bytes),
            owner: message
        )
    }

    private func decode(_ bytes: [UInt8]) throws(ServingError) -> ExampleCall { try decode(ReceivedMessage(bytes)) }

    @Test func `examples are views of the received bytes`() throws {
        let message = try ReceivedMessage(Self.request())
        let call = try decode(message)
        #expect(call.model == ModelSelector(name: "m"))
        #expect(call.examples.shape == .vector(3))
        #expect(call.examples.stringValues() == (try Self.examples.map { try $0.serializedBytes() }))
        call.examples.withStrings { strings in
            for string in strings { #expect(message.contains(UnsafeRawBufferPointer(string.bytes))) }
        }
    }

    @Test func `model, version and signature are read`() throws {
        let versioned = Self.request {
            $0.modelSpec.version = .with { $0.value = 7 }
            $0.modelSpec.signatureName = "s"
        }
        let call = try decode(ReceivedMessage(versioned))
        #expect(call.model == ModelSelector(name: "m", version: .specific(7), signatureName: "s"))
        let labelled = Self.request { $0.modelSpec.versionLabel = "stable" }
        #expect(try decode(ReceivedMessage(labelled)).model.version == .label("stable"))
    }

    @Test func `a context stands in front of every example, which merges both`() throws {
        let message = Self.request {
            $0.input.exampleListWithContext.examples = Self.examples
            $0.input.exampleListWithContext.context = Self.context
        }
        let elements = try decode(ReceivedMessage(message)).examples.stringValues()
        let context: [UInt8] = try Self.context.serializedBytes()
        #expect(elements == (try Self.examples.map { context + (try $0.serializedBytes()) }))
        let merged = try Tensorflow_Example(serializedBytes: elements[1])
        #expect(merged.features.feature.keys.sorted() == ["c", "x"])
    }

    @Test func `several inputs add up, of two kinds the last one counts`() throws {
        let spec = WireBytes().message(1) { $0.string(1, "m") }
        let first = spec.message(2) { $0.message(1) { $0.string(1, "a") } }
        let second = first.message(2) { $0.message(1) { $0.string(1, "b") } }
        #expect(try strings(second) == ["a", "b"])
        let third = second.message(2) { $0.message(2) { $0.string(2, "c").string(1, "d") } }
        #expect(try strings(third) == ["cd"])
        let fourth = third.message(2) { $0.message(2) { $0.string(1, "e").string(2, "f") } }
        #expect(try strings(fourth) == ["cfd", "cfe"])
        #expect(try strings(fourth.message(2) { $0.message(1) { $0 } }) == [])
    }

    private func strings(_ message: WireBytes) throws -> [String] {
        try decode(message.bytes).examples.stringValues().map { String(decoding: $0, as: UTF8.self) }
    }

    @Test func `what is no example list is passed over`() throws {
        let message = WireBytes().message(1) { $0.string(1, "m") }
            .message(2) { $0.number(1, 5).string(3, "x").message(1) { $0.number(1, 4).string(2, "y").string(1, "a") } }
        #expect(try strings(message) == ["a"])
    }

    @Test func `a request without a model spec or without an input`() throws {
        #expect(throws: ServingError.invalidArgument("Missing ModelSpec")) { try decode([]) }
        let call = try decode(WireBytes().message(1) { $0.string(1, "m") }.bytes)
        #expect(call.examples.shape == .vector(0))
    }

    @Test func `a context may not multiply`() throws {
        let context = [UInt8](repeating: 1, count: 1 << 20)
        let message = WireBytes().message(1) { $0.string(1, "m") }
            .message(2) {
                $0.message(2) { list in (0..<1000).reduce(list.bytes(2, context)) { list, _ in list.bytes(1, []) } }
            }
        let error = #expect(throws: ServingError.self) { try decode(message.bytes) }
        #expect(
            error?.message == "Cannot read the examples: a context of 1048576 bytes in front of each of 1000 examples "
                + "takes more memory than a request of this size may ask for; send fewer examples, or leave the context "
                + "out"
        )
    }

    @Test(arguments: [
        ([0x12, 0x04, 0x0a, 0x02, 0x0a, 0x05] as [UInt8], "ClassificationRequest at byte 5: a length reaches"),
        ([0x12, 0x02, 0x12, 0x05], "ClassificationRequest at byte 3: a length reaches"),
        ([0x0a, 0x02, 0x0a], "ClassificationRequest at byte 1: a length reaches"),
        ([0x12, 0x03, 0x0a, 0x01, 0x0a], "ClassificationRequest at byte 5: the message ends inside a field"),
        ([0x07], "ClassificationRequest at byte 0: not a field tag"),
    ])
    func `malformed messages say where`(bytes: [UInt8], text: String) {
        let error = #expect(throws: ServingError.self) { try decode(bytes) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.hasPrefix("Malformed " + text) == true, "\(String(describing: error))")
    }

    // MARK: MultiInference

    @Test func `tasks are read with their models and methods`() throws {
        let request = Tensorflow_Serving_MultiInferenceRequest.with {
            $0.tasks = [
                .with {
                    $0.modelSpec.name = "m"
                    $0.modelSpec.signatureName = "a"
                    $0.methodName = "tensorflow/serving/classify"
                },
                .with { $0.methodName = "other" },
            ]
            $0.input.exampleList.examples = Self.examples
        }
        let message = try ReceivedMessage(request)
        let call = try MultiInferenceRequestDecoder.decode(UnsafeRawBufferPointer(message.bytes), owner: message)
        #expect(call.tasks.map(\.model) == [ModelSelector(name: "m", signatureName: "a"), ModelSelector(name: "")])
        #expect(call.tasks.map(\.methodName) == ["tensorflow/serving/classify", "other"])
        #expect(call.examples.shape == .vector(3))
    }

    @Test func `too many tasks are refused`() throws {
        let message = ReceivedMessage((0...65_536).flatMap { _ in [0x0a, 0x00] as [UInt8] })
        let error = #expect(throws: ServingError.self) {
            try MultiInferenceRequestDecoder.decode(UnsafeRawBufferPointer(message.bytes), owner: message)
        }
        #expect(error?.message.hasSuffix("more than 65536 inputs, names in output_filter or tasks") == true)
    }

    // MARK: Nearly right

    private static let seeds: [[UInt8]] = {
        let list = WireBytes().message(1) { $0.string(1, "m").message(2) { $0.number(1, 3) }.string(3, "sig") }
            .message(2) { $0.message(1) { $0.string(1, "abc").string(1, "").string(1, "de") } }
        let both = list.message(2) { $0.message(2) { $0.string(1, "fg").string(2, "context").string(1, "h") } }
        let tasks = WireBytes().message(1) { $0.message(1) { $0.string(1, "m") }.string(2, "method") }
            .message(2) { $0.message(1) { $0.string(1, "abc") } }
        return [list.bytes, both.bytes, tasks.bytes]
    }()

    @Test(arguments: seeds) func `messages cut off anywhere agree with generated ones`(_ seed: [UInt8]) {
        for length in 0...seed.count {
            #expect(ExampleRequestExercise.disagreement(on: Array(seed.prefix(length))) == nil, "\(length) bytes")
        }
    }

    @Test(arguments: seeds) func `every bit changed agrees with generated messages`(_ seed: [UInt8]) {
        for index in seed.indices {
            for bit in 0..<8 {
                var message = seed
                message[index] ^= 1 << UInt8(bit)
                #expect(ExampleRequestExercise.disagreement(on: message) == nil, "bit \(bit) of byte \(index)")
            }
        }
    }
}
