public import EngineInterface
public import ServingPrimitives

/// An engine whose models are given by the test, by the name of the folder above the version's.
public struct FakeEngine: InferenceEngine {
    public let name = "fake"
    private let models: [String: FakeModel]

    public init(_ models: [String: FakeModel]) { self.models = models }

    public func load(_ request: LoadRequest) throws(ServingError) -> any LoadedModel {
        let folder = request.path.split(separator: "/").dropLast().last.map(String.init) ?? ""
        guard let model = models[folder] else { throw .notFound("no fake model for \(request.path)") }
        return model
    }
}
