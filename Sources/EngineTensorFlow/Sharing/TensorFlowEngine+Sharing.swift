public import EngineInterface
import ModelSignatures
import ServingPrimitives

extension TensorFlowEngine {
    /// Sessions may run any number of requests at once, so one serves several names where its runs only compute.
    public func canShare(_ request: LoadRequest) -> Bool {
        let path = "\(request.path)/saved_model.pb"
        guard let bytes = try? LocalFile.contents(of: path, limit: Int(Int32.max)) else { return false }
        return bytes.withUnsafeBytes { bytes in
            guard let state = try? ModelState(bytes) else { return false }
            return !state.isKept
        }
    }
}
