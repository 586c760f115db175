import ServingProtos
import SwiftProtobuf

/// A PredictRequest of one float vector, as a client of TensorFlow Serving makes it.
func predictRequest(
    _ values: [Float] = [1, 2, 5],
    model: String = "m",
    signature: String = "",
    input: String = "x",
    _ change: (inout Tensorflow_Serving_PredictRequest) -> Void = { _ in }
) throws -> [UInt8] {
    try Tensorflow_Serving_PredictRequest.with { request in
        request.modelSpec.name = model
        request.modelSpec.signatureName = signature
        request.inputs[input] = Tensorflow_TensorProto.with { tensor in
            tensor.dtype = .dtFloat
            tensor.tensorShape.dim = [.with { $0.size = Int64(values.count) }]
            tensor.floatVal = values
        }
        change(&request)
    }.serializedBytes()
}

/// The values of an answer's only output.
func predictedValues(_ response: GRPCTestResponse, _ output: String = "y") throws -> [Float] {
    try Tensorflow_Serving_PredictResponse(serializedBytes: response.message).outputs[output]?.floatVal ?? []
}
