import Inference
import Servables
import ServingPrimitives
import ServingProtos
import SwiftProtobuf
import Tensors
import Testing

@testable import WireFormat

@Suite struct PredictRequestDecoderTests {
    @Test func `request with three rows becomes a view of the message`() throws {
        var request = Tensorflow_Serving_PredictRequest()
        request.modelSpec.name = "half_plus_two"
        request.inputs["x"] = .with {
            $0.dtype = .dtFloat
            $0.tensorShape.dim = [.with { $0.size = 3 }]
            $0.floatVal = [1, 2, 5]
        }
        let message = try Message(request)
        let call = try message.decode()
        #expect(call.model == ModelSelector(name: "half_plus_two"))
        #expect(call.inputs.map(\.name) == ["x"])
        #expect(call.inputs[0].tensor.scalars(as: Float.self) == [1, 2, 5])
        #expect(call.inputs[0].tensor.withUnsafeBytes { message.contains($0) })
    }
}
