import Inference
import NIOCore
import Servables
import ServingPrimitives

/// `:classify` and `:regress`.
extension RESTResponder {
    func classify(
        _ name: String,
        _ version: VersionChoice,
        _ head: HTTP1RequestHead,
        _ body: RequestBody,
        for call: RESTCall
    ) {
        run(name, version, head, body, for: call) { request, model in
            self.service.classify(request, on: model, intake: call.loop.intake) { result in
                call.finish {
                    call.loop.response(result.map(\.answer)) { answer, buffer throws(ServingError) in
                        try ExampleResponseWriter.write(answer, to: &buffer)
                    }
                }
            }
        }
    }

    func regress(
        _ name: String,
        _ version: VersionChoice,
        _ head: HTTP1RequestHead,
        _ body: RequestBody,
        for call: RESTCall
    ) {
        run(name, version, head, body, for: call) { request, model in
            self.service.regress(request, on: model, intake: call.loop.intake) { result in
                call.finish {
                    call.loop.response(result.map(\.answer)) { answer, buffer throws(ServingError) in
                        try ExampleResponseWriter.write(answer, to: &buffer)
                    }
                }
            }
        }
    }

    private func run(
        _ name: String,
        _ version: VersionChoice,
        _ head: HTTP1RequestHead,
        _ body: RequestBody,
        for call: RESTCall,
        _ start: @escaping @Sendable (ExampleCall, ResolvedModel?) -> QueuedRun?
    ) {
        whenLoaded(ModelSelector(name: name, version: version), head, for: call) { loaded in
            self.read(body, call) { bytes throws(ServingError) in
                try ExampleRequestParser.parse(bytes)
            } then: { request in
                do throws(ServingError) {
                    let parsed = try request.get()
                    let model = ModelSelector(name: name, version: version, signatureName: parsed.signatureName)
                    self.run(call, head, loaded?.terms) {
                        start(ExampleCall(model: model, examples: parsed.examples, terms: $0), loaded?.model)
                    }
                } catch {
                    call.fail(error)
                }
            }
        }
    }
}

extension RESTLoop {
    /// The response with what `write` makes of an answer, or with what went wrong.
    fileprivate func response<Answer>(
        _ result: Result<Answer, ServingError>,
        _ write: (Answer, inout ByteBuffer) throws(ServingError) -> Void
    ) -> HTTPResponse {
        do throws(ServingError) {
            var response = HTTPResponse(allocator: allocator)
            try write(try result.get(), &response.buffer)
            return response
        } catch {
            return self.response(to: error)
        }
    }
}
