import EngineInterface
import Inference
import Logging
import Servables
import ServingPrimitives

/// Loads versions with one engine and hands them to the manager as models that requests can run.
struct ModelLoaderFactory: ServableLoaderFactory {
    let engine: any InferenceEngine
    let tags: [String]
    let logger: Logger

    func loader(for version: AspiredVersion) -> any ServableLoader {
        ModelLoader(engine: engine, request: LoadRequest(path: version.path, tags: tags), logger: logger)
    }
}

private struct ModelLoader: ServableLoader {
    let engine: any InferenceEngine
    let request: LoadRequest
    let logger: Logger

    /// Each failed try is logged: the status shows the reason only when the last one has failed, minutes later.
    func load() throws(ServingError) -> any Servable {
        do throws(ServingError) {
            return ModelServable(model: try engine.load(request))
        } catch {
            logger.warning(
                "A try to load a version failed",
                metadata: ["path": "\(request.path)", "error": "\(error)"]
            )
            throw error
        }
    }

    func unload(_ servable: any Servable) { (servable as? ModelServable)?.model.close() }
}
