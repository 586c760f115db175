import EngineInterface
import Inference
import Servables
import ServingPrimitives

/// Loads versions with one engine and hands them to the manager as models that requests can run.
struct ModelLoaderFactory: ServableLoaderFactory {
    let engine: any InferenceEngine
    let tags: [String]

    func loader(for version: AspiredVersion) -> any ServableLoader {
        ModelLoader(engine: engine, request: LoadRequest(path: version.path, tags: tags))
    }
}

private struct ModelLoader: ServableLoader {
    let engine: any InferenceEngine
    let request: LoadRequest

    func load() throws(ServingError) -> any Servable { ModelServable(model: try engine.load(request)) }

    func unload(_ servable: any Servable) { (servable as? ModelServable)?.model.close() }
}
