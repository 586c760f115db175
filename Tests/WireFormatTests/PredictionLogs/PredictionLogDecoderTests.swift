import Inference
import ServingPrimitives
import ServingProtos
import SwiftProtobuf
import Tensors
import Testing

@testable import WireFormat

@Suite struct PredictionLogDecoderTests {
    private func decode(_ bytes: [UInt8]) throws(ServingError) -> WarmUpCall? {
        let message = ReceivedMessage(bytes)
        return try PredictionLogDecoder.decode(UnsafeRawBufferPointer(message.bytes), owner: message)
    }

    private func decode(_ log: Tensorflow_Serving_PredictionLog) throws -> WarmUpCall? {
        try decode(try log.serializedBytes() as [UInt8])
    }

    private func asksForNothing(_ bytes: [UInt8]) throws -> Bool {
        if case nil = try decode(bytes) { true } else { false }
    }

    private func predictCall(_ bytes: [UInt8]) throws -> PredictCall {
        guard case .predict(let call) = try decode(bytes) else { throw ServingError.internalError("no Predict call") }
        return call
    }

    private let predictLog = WireBytes().message(1) { $0.string(4, "a sampled call") }.message(6) {
        $0.message(1) {
            $0.message(1) { $0.string(1, "m").string(3, "sig") }.message(2) {
                $0.string(1, "x").message(2) { $0.number(1, 1).floats(5, [2.5]) }
            }.string(3, "y")
        }
    }

    @Test func `a Predict log gives its request`() throws {
        let call = try predictCall(predictLog.bytes)
        #expect(call.model == ModelSelector(name: "m", signatureName: "sig"))
        #expect(call.outputFilter == ["y"])
        #expect(call.inputs.map(\.name) == ["x"])
        #expect(call.inputs.first?.tensor.scalars(as: Float.self) == [2.5])
    }

    @Test func `a request in pieces is what they make together`() throws {
        let call = try predictCall(predictLog.message(6) { $0.message(1) { $0.string(3, "z") } }.bytes)
        #expect(call.outputFilter == ["y", "z"])
        #expect(call.inputs.count == 1)
    }

    @Test func `a request without a model is as good as one with`() throws {
        let call = try predictCall(WireBytes().message(6) { $0.message(1) { $0.string(3, "y") } }.bytes)
        #expect(call.model.name.isEmpty)
    }

    @Test func `a record without a log type asks for nothing`() throws {
        #expect(try asksForNothing([]))
        #expect(try asksForNothing(WireBytes().message(1) { $0.string(4, "text") }.bytes))
        #expect(try asksForNothing(WireBytes().number(6, 1).bytes), "of another wire type: an unknown field")
    }

    @Test func `logs of other kinds are refused by their number`() {
        for (log, number) in [
            (Tensorflow_Serving_PredictionLog.with { $0.sessionRunLog = .init() }, 5),
            (Tensorflow_Serving_PredictionLog.with { $0.predictStreamedLog = .init() }, 7),
        ] {
            #expect(throws: ServingError(.unimplemented, "Unsupported log_type for warmup: \(number)")) {
                try decode(log)
            }
        }
    }

    @Test func `the last log type counts`() throws {
        let both =
            try Tensorflow_Serving_PredictionLog.with { $0.sessionRunLog = .init() }.serializedBytes()
            + predictLog.bytes
        #expect(try predictCall(both).outputFilter == ["y"])
        #expect(throws: ServingError.self) { try decode(predictLog.message(5) { $0 }.bytes) }
    }

    @Test func `what is malformed is said with its place`() {
        #expect(
            throws: ServingError.invalidArgument(
                "Malformed PredictionLog at byte 1: a length reaches beyond the end of the message it is in"
            )
        ) {
            try decode([0x32, 0x05, 0x0A])
        }
        let error = #expect(throws: ServingError.self) { try decode([0x32, 0x04, 0x0A, 0x02, 0x0A, 0x09]) }
        #expect(error?.message.hasPrefix("Malformed PredictRequest at byte 1: ") == true)
    }
}
