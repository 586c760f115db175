import EngineInterface
import Inference
import NIOCore
import Servables
import ServingPrimitives
import Tensors

/// `:predict`.
extension RESTResponder {
    func predict(_ name: String, _ version: VersionChoice, _ head: HTTP1RequestHead, _ body: ByteBuffer, for call: RESTCall) {
        do throws(ServingError) {
            var selector = ModelSelector(name: name, version: version)
            var model: ResolvedModel?
            let parsed = try parse(body, selector, &model)
            selector.signatureName = parsed.signatureName
            guard let model else { throw .internalError("A request was read without its model") }
            run(call, head) { terms in
                let predictCall = PredictCall(model: selector, inputs: parsed.inputs, terms: terms)
                let form = parsed.form
                return service.predict(predictCall, on: model, intake: call.loop.intake) { result in
                    call.finish { Self.response(result, form, call.loop) }
                }
            }
        } catch {
            call.fail(error)
        }
    }

    private func parse(
        _ body: ByteBuffer,
        _ selector: ModelSelector,
        _ model: inout ResolvedModel?
    ) throws(ServingError) -> ParsedPredictRequest {
        try body.withUnsafeReadableBytes { bytes throws(ServingError) in
            try PredictRequestParser.parse(bytes) { signatureName throws(ServingError) in
                let resolved = if let model { model } else { try service.resolve(selector) }
                model = resolved
                guard let signature = resolved.signature(named: signatureName) else {
                    let name = signatureName.isEmpty ? InferenceService.defaultSignatureName : signatureName
                    throw .invalidArgument("Serving signature name: \"\(name)\" not found in signature def")
                }
                return signature
            }
        }
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
