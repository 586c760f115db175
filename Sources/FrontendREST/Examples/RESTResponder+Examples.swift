import Inference
import NIOCore
import Servables
import ServingPrimitives

/// `:classify` and `:regress`.
extension RESTResponder {
    func classify(_ name: String, _ version: VersionChoice, _ body: ByteBuffer, for call: RESTCall) {
        run(name, version, body, for: call) { request, cancellation in
            service.classify(request, cancellation: cancellation) { result in
                call.finish {
                    call.loop.response(result.map(\.answer)) { answer, buffer throws(ServingError) in
                        try ExampleResponseWriter.write(answer, to: &buffer)
                    }
                }
            }
        }
    }

    func regress(_ name: String, _ version: VersionChoice, _ body: ByteBuffer, for call: RESTCall) {
        run(name, version, body, for: call) { request, cancellation in
            service.regress(request, cancellation: cancellation) { result in
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
        _ body: ByteBuffer,
        for call: RESTCall,
        _ start: (ExampleCall, CallCancellation) -> Void
    ) {
        do throws(ServingError) {
            let parsed = try body.withUnsafeReadableBytes { bytes throws(ServingError) in
                try ExampleRequestParser.parse(bytes)
            }
            let model = ModelSelector(name: name, version: version, signatureName: parsed.signatureName)
            run(call) { deadline, cancellation in
                start(ExampleCall(model: model, examples: parsed.examples, deadline: deadline), cancellation)
            }
        } catch {
            call.fail(error)
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
