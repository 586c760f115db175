import EngineInterface
import ServingPrimitives
import ServingTestKit
import Tensors
import Testing

@testable import EngineProcess

/// What an engine process answers, without the process.
@Suite struct WorkerModelTests {
    private func ask<Value>(
        _ model: WorkerModel,
        limit: Int = 1 << 16,
        _ write: (inout MessageWriter) -> Void,
        _ read: (inout MessageReader) throws(ServingError) -> Value
    ) throws -> Value {
        let request = try MessageWriter.bytes(limit: 1 << 16, write)
        let answer = try MessageReader.read(request) { (reader) throws(ServingError) in
            let answer = try MessageWriter.bytes(limit: limit) { model.answer(reader, &$0) }
            // All of it is read: by a copy.
            reader = MessageReader(UnsafeRawBufferPointer(start: nil, count: 0), owner: model)
            return answer
        }
        return try MessageReader.read(answer, read)
    }

    private func worker(loading model: FakeModel = .halfPlusTwo()) throws -> WorkerModel {
        let worker = WorkerModel { (settings) throws(ServingError) in
            guard settings == [1, 2] else { throw .invalidArgument("wrong settings") }
            return FakeEngine(["m": model])
        }
        let signatures = try ask(worker) { writer in
            writer.write(.load)
            writer.write([1, 2] as [UInt8])
            writer.write(LoadRequest(path: "/models/m/1"))
        } _: { (reader) throws(ServingError) in
            try reader.checkSuccess()
            return try reader.list { (reader) throws(ServingError) in try reader.signature().name }
        }
        #expect(signatures == ["serving_default"])
        return worker
    }

    private func run(_ x: [Float], signature: Int = 0, outputs: [Int] = [0]) throws -> RunRequest {
        RunRequest(
            signature: signature,
            inputs: [try Tensor(.float32, .vector(x.count), scalars: x)],
            outputs: outputs
        )
    }

    private func answer(_ worker: WorkerModel, _ request: RunRequest, limit: Int = 1 << 16) throws -> [Float] {
        try ask(worker, limit: limit) { writer in
            writer.write(.run)
            writer.write(request)
        } _: { (reader) throws(ServingError) in
            try reader.outputs(of: 1, trace: nil)[0].scalars(as: Float.self)
        }
    }

    @Test func `a loaded model runs`() throws {
        #expect(try answer(worker(), run([1, 2, 5])) == [2.5, 3, 4.5])
    }

    @Test func `several parts run as one`() throws {
        let parts = [try run([1]), try run([2])]
        let outputs = try ask(worker()) { writer in
            writer.write(.runJointly)
            writer.write(parts) { $0.write($1) }
        } _: { (reader) throws(ServingError) in
            try reader.outputs(of: 2, trace: nil).map { $0.scalars(as: Float.self) }
        }
        #expect(outputs == [[2.5], [3]])
    }

    @Test func `the engine's own error comes back`() throws {
        let refusal = ServingError(.resourceExhausted, "no memory", retryAfterNanoseconds: 8)
        let worker = try worker(
            loading: FakeModel(signatures: FakeModel.halfPlusTwo().signatures) {
                (_) throws(ServingError) in throw refusal
            }
        )
        #expect(throws: refusal) { try answer(worker, run([1])) }
    }

    @Test func `a model that does not load says why`() throws {
        let worker = WorkerModel { _ throws(ServingError) in FakeEngine([:]) }
        #expect(throws: ServingError.notFound("no fake model for /models/m/1")) {
            try ask(worker) { writer in
                writer.write(.load)
                writer.write([] as [UInt8])
                writer.write(LoadRequest(path: "/models/m/1"))
            } _: { (reader) throws(ServingError) in
                try reader.checkSuccess()
            }
        }
        #expect(throws: ServingError.failedPrecondition("No model is loaded here")) { try answer(worker, run([1])) }
    }

    @Test func `an answer that does not fit is an error that does`() throws {
        let worker = try worker()
        #expect(throws: ServingError.self) {
            try answer(worker, run([Float](repeating: 1, count: 1000)), limit: 1000)
        }
        #expect(try answer(worker, run([1])) == [2.5])
    }

    @Test func `positions that the model does not have are refused`() throws {
        let worker = try worker()
        for (request, text) in [
            (try run([1], signature: 1), "names no signature"), (try run([1], outputs: [3]), "names no output"),
        ] {
            #expect(throws: MessageReader.damaged(text)) { try answer(worker, request) }
        }
    }
}
