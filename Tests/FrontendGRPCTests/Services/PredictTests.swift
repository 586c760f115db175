import EngineInterface
import HTTP2Server
import Inference
import ServingPrimitives
import ServingProtos
import ServingTestKit
import SwiftProtobuf
import Tensors
import Testing
import WireFormat

@testable import FrontendGRPC

struct PredictTests {
    private static let rules: [ModelQueues.Rules] = [.alone, .adaptive(pads: false)]

    @Test(arguments: rules)
    func `a prediction comes back with the model's name, version and signature`(_ rules: ModelQueues.Rules) async throws
    {
        let serving = TestServing(["m": .halfPlusTwo()], rules: rules)
        await serving.serve("m", 3)
        try await withConnection(serving) { client in
            for _ in 0..<3 {
                let response = await client.call(.predict, try predictRequest())
                #expect(response.trailers == ["grpc-status": "0"])
                let message = try Tensorflow_Serving_PredictResponse(serializedBytes: response.message)
                #expect(message.modelSpec.name == "m")
                #expect(message.modelSpec.version.value == 3)
                #expect(message.modelSpec.signatureName == "serving_default")
                #expect(message.outputs["y"]?.floatVal == [2.5, 3, 4.5])
                #expect(message.outputs["y"]?.tensorShape.dim.map(\.size) == [3])
            }
        }
    }

    @Test func `answers use tensor_content when the server is told so`() async throws {
        let serving = TestServing(["m": .halfPlusTwo()])
        await serving.serve("m", 1)
        try await withConnection(serving) {
            $0.tensorEncoding = .content
        } _: { client in
            let response = await client.call(.predict, try predictRequest())
            let tensor = try Tensorflow_Serving_PredictResponse(serializedBytes: response.message).outputs["y"]
            #expect(tensor?.floatVal == [])
            #expect(
                tensor.map { Array($0.tensorContent) }
                    == [2.5, 3, 4.5].flatMap { (value: Float) in
                        withUnsafeBytes(of: value) { Array($0) }
                    }
            )
        }
    }

    @Test(arguments: rules)
    func `refused predictions have TensorFlow Serving's code and text`(_ rules: ModelQueues.Rules) async throws {
        let serving = TestServing(["m": .halfPlusTwo()], rules: rules)
        await serving.serve("m", 1)
        let cases: [([UInt8], CanonicalCode, String)] = [
            (try Tensorflow_Serving_PredictRequest().serializedBytes(), .invalidArgument, "Missing ModelSpec"),
            (try predictRequest(model: ""), .invalidArgument, "ModelSpec has no name specified."),
            (try predictRequest(model: "x"), .notFound, "Servable not found for request: Latest(x)"),
            (
                try predictRequest { $0.modelSpec.version = .init(9) }, .notFound,
                "Servable not found for request: Specific(m, 9)"
            ),
            (
                try predictRequest(signature: "s"), .failedPrecondition,
                "Serving signature key \"s\" not found."
            ),
            (
                try predictRequest(input: "z"), .invalidArgument,
                "Signature input alias: x(feed name: x:0) not found in request"
            ),
            (
                try predictRequest { $0.outputFilter = ["q"] }, .invalidArgument,
                "output tensor alias not found in signature: q"
            ),
            (
                try predictRequest { $0.inputs["x"]?.dtype = .dtDouble }, .invalidArgument,
                "Expects arg[0] to be float but double is provided"
            ),
            (
                try predictRequest { $0.inputs["x"]?.tensorShape.dim[0].size = -1 }, .invalidArgument,
                "tensor parsing error: x"
            ),
            ([0x0A, 0xFF], .invalidArgument, ""),
        ]
        try await withConnection(serving) { client in
            for (request, code, text) in cases {
                let response = await client.call(.predict, request)
                #expect(response.grpcStatus == code.rawValue, "\(response)")
                #expect(response.grpcMessage?.hasPrefix(text) == true, "\(response)")
                #expect(response.grpcMessage?.isEmpty == false)
            }
            let good = try predictRequest()
            #expect(await client.call(.predict, good).grpcStatus == 0)
        }
    }

    @Test func `a compressed prediction is read`() async throws {
        let serving = TestServing(["m": .halfPlusTwo()])
        await serving.serve("m", 1)
        let values = (0..<50_000).map { Float(($0 &* 7919) % 1000) }
        let body = framed(compress(try predictRequest(values), .gzip), flag: 1)
        try await withConnection(serving) { client in
            let response = await client.call(
                path: GRPCMethod.predict.rawValue,
                body: body,
                [HTTP2HeaderField("grpc-encoding", "gzip")]
            )
            let answer = try predictedValues(response)
            #expect(answer == values.map { $0 / 2 + 2 })
        }
    }

    @Test func `a thousand calls at once are all answered, each with its own values`() async throws {
        let serving = TestServing(["m": .halfPlusTwo()])
        await serving.serve("m", 1)
        try await withConnection(serving) { client in
            let streams = try (0..<1000).map { number in
                let stream = client.open(GRPCMethod.predict.rawValue)
                stream.send(framed(try predictRequest([Float(number)])), endStream: true)
                return stream
            }
            for (number, stream) in streams.enumerated() {
                #expect(try predictedValues(await stream.response()) == [Float(number) / 2 + 2])
            }
        }
    }

    @Test func `a large answer arrives whole`() async throws {
        let serving = TestServing(["m": .echo([.init(name: "x", elementType: .float32, shape: nil, tensorName: "x:0")])]
        )
        await serving.serve("m", 1)
        let values = (0..<1_000_000).map { Float($0) }
        try await withConnection(serving) { client in
            let response = await client.call(.predict, try predictRequest(values))
            #expect(try predictedValues(response, "x") == values)
        }
    }
}
