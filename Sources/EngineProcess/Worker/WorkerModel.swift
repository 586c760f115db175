import EngineInterface
import ServingPrimitives
import Synchronization
import Tensors

/// The model of an engine process.
final class WorkerModel: Sendable {
    typealias EngineMaker = @Sendable ([UInt8]) throws(ServingError) -> any InferenceEngine

    private let makeEngine: EngineMaker
    private let loaded = Mutex<(any LoadedModel)?>(nil)

    init(makeEngine: @escaping EngineMaker) { self.makeEngine = makeEngine }

    /// Does what `request` asks for and writes the answer: a flag of success, then what was asked for or the error.
    func answer(_ request: consuming MessageReader, _ writer: inout MessageWriter) {
        var written = writer
        do throws(ServingError) {
            written.write(true)
            try carryOut(&request, &written)
            try written.checkRoom()
            writer = written
        } catch {
            // What was written before the error is written over.
            writer.write(false)
            writer.write(error)
        }
    }

    private func carryOut(_ reader: inout MessageReader, _ writer: inout MessageWriter) throws(ServingError) {
        switch try reader.engineRequest() {
        case .load:
            let engine = try makeEngine(try reader.bytes())
            let model = try engine.load(try reader.loadRequest())
            loaded.withLock { $0 = model }
            writer.write(model.signatures) { $0.write($1) }
        case .run:
            let (request, isTraced) = try reader.runRequest()
            try run([request], isTraced, &writer) { (model, parts) throws(ServingError) in try model.run(parts[0]) }
        case .runJointly:
            let parts = try reader.list { (reader) throws(ServingError) in try reader.runRequest() }
            guard let first = parts.first else { throw MessageReader.damaged("asks for no run") }
            try run(parts.map(\.request), first.isTraced, &writer) { (model, parts) throws(ServingError) in
                try model.runJointly(parts)
            }
        }
    }

    private func run(
        _ parts: [RunRequest],
        _ isTraced: Bool,
        _ writer: inout MessageWriter,
        _ body: (any LoadedModel, [RunRequest]) throws(ServingError) -> [Tensor]
    ) throws(ServingError) {
        guard let model = loaded.withLock({ $0 }) else { throw .failedPrecondition("No model is loaded here") }
        for part in parts { try check(part, model.signatures) }
        let tracer = RunTracer()
        var parts = parts
        if isTraced, tracer.begin(maximumEvents: Self.maximumEvents) { parts[0].trace = tracer.beginRun() }
        writer.write(try body(model, parts)) { $0.write($1) }
        writer.write(tracer.end()?.events.map(\.event) ?? []) { $0.write($1) }
    }

    /// Of one run: far more operations than graphs have.
    private static let maximumEvents = 1_000_000

    private func check(_ request: RunRequest, _ signatures: [Signature]) throws(ServingError) {
        guard signatures.indices.contains(request.signature) else { throw MessageReader.damaged("names no signature") }
        let outputs = signatures[request.signature].outputs.indices
        guard request.outputs.allSatisfy(outputs.contains) else { throw MessageReader.damaged("names no output") }
    }
}
