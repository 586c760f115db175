public import EngineInterface
public import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Runs TFLite models with LiteRT.
public struct LiteRTEngine: InferenceEngine {
    public let name = "tflite"
    private let options: LiteRTOptions

    /// The file of a version's folder that holds the model.
    private static let fileName = "model.tflite"

    /// Does nothing with LiteRT yet: the library is opened when the first model is loaded.
    public init(options: LiteRTOptions = LiteRTOptions()) { self.options = options }

    /// Whether there is a TFLite model in the version's folder.
    public static func hasModel(in folder: String) -> Bool { access("\(folder)/\(fileName)", F_OK) == 0 }

    /// Loads `model.tflite` of `request.path`; tags do not matter.
    ///
    /// - Throws: `FAILED_PRECONDITION` when libLiteRt is missing, with how to install it; `NOT_FOUND` when there is no
    ///   model; else what is wrong with it.
    public func load(_ request: LoadRequest) throws(ServingError) -> any LoadedModel {
        try LiteRTModel(path: "\(request.path)/\(Self.fileName)", options)
    }
}
