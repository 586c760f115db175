import EngineInterface
import ServingMetrics
import ServingPrimitives
import Tensors

/// What Classify or Regress needs of a signature. Rules, their order and texts are those of TensorFlow Serving
/// (`classifier.cc`, `regressor.cc`).
protocol ExampleSignature: Sendable {
    associatedtype Answer: Sendable

    /// What its runs are counted as.
    static var api: InferenceAPI { get }

    /// - Parameter checksMethodName: whether the signature must name this method; otherwise only its inputs and outputs
    ///   count, as signatures that TensorFlow 2 writes all say `tensorflow/serving/predict`.
    /// - Throws: `INVALID_ARGUMENT` when the signature is not of this kind.
    init(_ signature: Signature, checksMethodName: Bool) throws(ServingError)

    /// Indexes of the outputs to run.
    var outputs: [Int] { get }

    /// - Parameter tensors: one for each of `outputs`.
    /// - Throws: `INVALID_ARGUMENT` when they are no answer for so many examples.
    func answer(_ tensors: ArraySlice<Tensor>, exampleCount: Int) throws(ServingError) -> Answer
}

/// Values of `Signature.methodName`.
enum MethodName {
    static let predict = "tensorflow/serving/predict"
    static let classify = "tensorflow/serving/classify"
    static let regress = "tensorflow/serving/regress"

    /// What Predict insists on when method names are checked.
    static func checkPredict(_ signature: Signature) throws(ServingError) {
        switch signature.methodName {
        case predict, classify, regress: return
        default:
            throw .internalError(
                "Expected prediction signature method_name to be one of {\(predict), \(classify), \(regress)}. "
                    + "Was: \(signature.methodName)"
            )
        }
    }
}
