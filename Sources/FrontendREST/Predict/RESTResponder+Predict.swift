import EngineInterface
import Inference
import NIOCore
import Servables
import ServingPrimitives
import Tensors

/// `:predict`.
extension RESTResponder {
    func predict(
        _ name: String,
        _ version: VersionChoice,
        _ head: HTTP1RequestHead,
        _ body: RequestBody,
        for call: RESTCall
    ) {
        let selector = ModelSelector(name: name, version: version)
        whenLoaded(selector, head, for: call) { loaded in
            self.read(body, call) { bytes throws(ServingError) in
                try self.parse(bytes, selector, loaded?.model)
            } then: { request in
                do throws(ServingError) {
                    let (parsed, model) = try request.get()
                    self.start(parsed, selector, model, head, loaded?.terms, for: call)
                } catch {
                    call.fail(error)
                }
            }
        }
    }

    private func start(
        _ parsed: ParsedPredictRequest,
        _ selector: ModelSelector,
        _ model: ResolvedModel,
        _ head: HTTP1RequestHead,
        _ terms: CallTerms?,
        for call: RESTCall
    ) {
        var selector = selector
        selector.signatureName = parsed.signatureName
        run(call, head, terms) { terms in
            let predictCall = PredictCall(model: selector, inputs: parsed.inputs, terms: terms)
            let form = parsed.form
            return service.predict(predictCall, on: model, intake: call.loop.intake) { result in
                call.finish { Self.response(result, form, call.loop) }
            }
        }
    }

    private func parse(
        _ bytes: UnsafeRawBufferPointer,
        _ selector: ModelSelector,
        _ loaded: ResolvedModel?
    ) throws(ServingError) -> (ParsedPredictRequest, ResolvedModel) {
        var model = loaded
        let parsed = try PredictRequestParser.parse(bytes) { signatureName throws(ServingError) in
            let resolved = if let model { model } else { try service.resolve(selector) }
            model = resolved
            guard let signature = resolved.signature(named: signatureName) else {
                let name = signatureName.isEmpty ? InferenceService.defaultSignatureName : signatureName
                throw .invalidArgument("Serving signature name: \"\(name)\" not found in signature def")
            }
            return signature
        }
        guard let model else { throw .internalError("A request was read without its model") }
        return (parsed, model)
    }

    private static func response(
        _ result: Result<PredictResult, ServingError>,
        _ form: ParsedPredictRequest.Form,
        _ loop: RESTLoop
    ) -> HTTPResponse {
        do throws(ServingError) {
            let outputs = try result.get().outputs
            let elements = outputs.reduce(0) { $0 + $1.tensor.shape.elementCount }
            var response = HTTPResponse(expectedByteCount: 256 + 12 * elements, allocator: loop.allocator)
            try PredictResponseWriter.write(outputs, form: form, to: &response.buffer)
            return response
        } catch {
            return loop.response(to: error)
        }
    }
}
