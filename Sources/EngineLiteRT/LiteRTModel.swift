import CLiteRT
package import EngineInterface
package import ServingPrimitives
import Synchronization
package import Tensors

/// A TFLite model in memory.
package final class LiteRTModel: LoadedModel {
    package let signatures: [Signature]
    private let bound: [TFLiteSignature]
    private let rowsOfRun: Int?
    /// Gone once the model is closed.
    private let pool: Mutex<InterpreterPool?>

    init(path: String, _ options: LiteRTOptions) throws(ServingError) {
        let library = try LiteRTLibrary.open(at: options.libraryPath)
        let bytes = try ModelBytes(readingFileAt: path)
        let file = try TFLiteFile(bytes.content)
        bound = try TFLiteSignature.all(of: file)
        signatures = bound.map(\.signature)
        rowsOfRun = options.rowsOfRun
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
        guard let rows = RowSplit(request.inputs, most: rowsOfRun) else {
            return try run(request.inputs, signature, request)
        }
        return try rows.join(
            rows.parts.map { (part) throws(ServingError) in try run(part, signature, request) }
        )
    }

    package func close() {
        pool.withLock { $0 = nil }
        SystemAllocator.giveBack()
    }

    private func run(
        _ inputs: [Tensor],
        _ signature: TFLiteSignature,
        _ request: RunRequest
    ) throws(ServingError) -> [Tensor] {
        guard let pool = pool.withLock({ $0 }) else { throw .unavailable("the model is closed") }
        return try pool.withInterpreter { interpreter throws(ServingError) in
            try interpreter.run(
                zip(signature.inputs, inputs).map { (tensor: $0, value: $1) },
                fetches: request.outputs.map { signature.outputs[$0] },
                deadline: request.deadline
            )
        }
    }
}
