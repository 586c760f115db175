import Inference
import NIOCore
import ServingPrimitives
import WireFormat

/// Classify, Regress and MultiInference.
extension GRPCCall {
    func classify(_ message: ByteBuffer) {
        do throws(ServingError) {
            let request = try decodeExamples(message, "ClassificationRequest")
            onModel(request.model) { [self] model in
                start(
                    services.inference.classify(request, on: model, intake: loop.intake) { [loop, self] result in
                        loop.deliver(.classified(result), to: self)
                    }
                )
            }
        } catch {
            fail(error)
        }
    }

    /// Goes on with the model, at once or when it is loaded.
    private func onModel(_ selector: ModelSelector, _ proceed: @escaping (ResolvedModel) -> Void) {
        let model: ResolvedModel
        do throws(ServingError) {
            model = try services.inference.resolveForRun(selector)
        } catch {
            return wait(for: selector, after: error, proceed)
        }
        proceed(model)
    }

    func regress(_ message: ByteBuffer) {
        do throws(ServingError) {
            let request = try decodeExamples(message, "RegressionRequest")
            onModel(request.model) { [self] model in
                start(
                    services.inference.regress(request, on: model, intake: loop.intake) { [loop, self] result in
                        loop.deliver(.regressed(result), to: self)
                    }
                )
            }
        } catch {
            fail(error)
        }
    }

    private func decodeExamples(_ message: ByteBuffer, _ name: String) throws(ServingError) -> ExampleCall {
        let request = try decode(message) { m throws(ServingError) in
            try m.decodeExampleRequest(name, terms: terms)
        }
        note(model: request.model.name)
        try authorize(request.model.name)
        return request
    }

    func multiInference(_ message: ByteBuffer) {
        do throws(ServingError) {
            let request = try message.decodeMultiInferenceRequest(terms: terms)
            note(model: request.tasks.first?.model.name ?? "")
            for task in request.tasks { try authorize(task.model.name) }
            onModel(request.tasks.first?.model ?? ModelSelector(name: "")) { [self] model in
                start(
                    services.inference.multiInference(request, on: model, intake: loop.intake) { [loop, self] result in
                        loop.deliver(.multiInferred(result), to: self)
                    }
                )
            }
        } catch {
            fail(error)
        }
    }

    // The model version stays loaded until its answer is with the transport.

    func send(_ result: ClassifyResult) {
        send { () throws(ServingError) in try ExampleResponseEncoder(result) }
        withExtendedLifetime(result.lease) {}
    }

    func send(_ result: RegressResult) {
        send { () throws(ServingError) in try ExampleResponseEncoder(result) }
        withExtendedLifetime(result.lease) {}
    }

    func send(_ result: MultiInferenceResult) {
        do throws(ServingError) {
            let encoder = try MultiInferenceResponseEncoder(result)
            send(byteCount: encoder.byteCount, encoder.write(into:))
        } catch {
            fail(error)
        }
        withExtendedLifetime(result.lease) {}
    }

    private func send(_ makeEncoder: () throws(ServingError) -> ExampleResponseEncoder) {
        do throws(ServingError) {
            let encoder = try makeEncoder()
            send(byteCount: encoder.byteCount, encoder.write(into:))
        } catch {
            fail(error)
        }
    }
}
