import EngineInterface
import ServingPrimitives
import Tensors

/// What the server asks of an engine process.
enum EngineRequest: UInt8 {
    /// The engine's settings, then what to load.
    case load = 1
    /// One run.
    case run = 2
    /// Several signatures in one run.
    case runJointly = 3
}

extension MessageWriter {
    mutating func write(_ kind: EngineRequest) { write(kind.rawValue) }

    mutating func write(_ request: LoadRequest) {
        write(request.path)
        write(request.tags) { $0.write($1) }
        write(request.device?.nameInGraph ?? "")
        write(request.measuresFirstRun)
    }

    /// All but the trace, of which only whether one is wanted.
    mutating func write(_ request: RunRequest) {
        write(UInt64(request.signature))
        write(request.inputs) { $0.write($1) }
        write(request.outputs) { $0.write(UInt64($1)) }
        // Both processes have the same clock.
        write(request.deadline.time.nanoseconds)
        write(request.expectedNanoseconds)
        write(request.trace != nil)
    }

    mutating func write(_ signature: Signature) {
        write(signature.name)
        write(signature.methodName)
        write(signature.inputs) { $0.write($1) }
        write(signature.outputs) { $0.write($1) }
        write(signature.definition)
        write(signature.sharesBatches)
    }

    private mutating func write(_ parameter: Signature.Parameter) {
        write(parameter.name)
        write(parameter.elementType) { $0.write($1.rawValue) }
        write(parameter.shape) { $0.write($1) { $0.write(Int64($1)) } }
        write(parameter.tensorName)
        write(parameter.defaultValue) { $0.write($1) }
    }

    mutating func write(_ error: ServingError) {
        write(UInt8(truncatingIfNeeded: error.code.rawValue))
        write(error.message)
        write(error.retryAfterNanoseconds) { $0.write($1) }
    }

    mutating func write(_ event: TraceEvent) {
        write(event.kind == .run)
        write(event.name)
        write(event.operation)
        write(event.device)
        write(event.thread)
        write(event.start)
        write(event.duration)
    }
}
