import Testing

@testable import FrontendGRPC

struct GRPCMethodTests {
    @Test(arguments: GRPCMethod.allCases)
    func `every method is found by its path`(_ method: GRPCMethod) {
        #expect(GRPCMethod(path: method.rawValue) == method)
    }

    @Test(arguments: [
        "", "/", "tensorflow.serving.PredictionService/Predict", "/tensorflow.serving.PredictionService/predict",
        "/tensorflow.serving.PredictionService/Predict/", "/tensorflow.serving.PredictionService/Predict?x=1",
        "/tensorflow.serving.SessionService/SessionRun", "/PredictionService/Predict",
    ])
    func `other paths are unknown`(_ path: String) {
        #expect(GRPCMethod(path: path) == nil)
    }
}
