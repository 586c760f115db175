import CLiteRT
package import EngineInterface
package import ServingPrimitives
import Synchronization
package import Tensors

/// A TFLite model in memory.
package final class LiteRTModel: LoadedModel {
    package let signatures: [Signature]
    private let bound: [TFLiteSignature]
    private let options: LiteRTOptions
    /// Gone once the model is closed.
    private let pool: Mutex<InterpreterPool?>

    init(path: String, _ options: LiteRTOptions) throws(ServingError) {
        let library = try LiteRTLibrary.open(at: options.libraryPath)
        let bytes = try ModelBytes(readingFileAt: path)
        let file = try TFLiteFile(bytes.content)
        bound = try TFLiteSignature.all(of: file)
        signatures = bound.map(\.signature)
        self.options = options
        let pool = try InterpreterPool(
            LiteRTModelHandle(bytes, library),
            plan: InterpreterPlan(file),
            limit: options.interpreters
        )
        self.pool = Mutex(pool)
    }

    package func run(_ request: RunRequest) throws(ServingError) -> [Tensor] {
        let signature = bound[request.signature]
        guard request.inputs.count == signature.inputs.count else {
            throw .internalError(
                "signature \(signature.signature.name) takes \(signature.inputs.count) inputs, not \(request.inputs.count)"
            )
        }
        guard let pool = pool.withLock({ $0 }) else { throw .unavailable("the model is closed") }
        let fetches = request.outputs.map { signature.outputs[$0] }
        let run = { (inputs: [Tensor]) throws(ServingError) -> [Tensor] in
            try pool.withInterpreter { interpreter throws(ServingError) in
                let feeds = zip(signature.inputs, inputs).map { (tensor: $0, value: $1) }
                return try interpreter.run(feeds, fetches: fetches, deadline: request.deadline)
            }
        }
        return try run(request.inputs)
    }

    package func close() {
        pool.withLock { $0 = nil }
        clr_trim_malloc()
    }
}
