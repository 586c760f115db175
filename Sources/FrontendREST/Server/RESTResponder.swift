import EngineInterface
import Inference
import NIOCore
import Servables
import ServingPrimitives
import Tensors

/// Answers requests: what the paths of the REST API do. Called on event loops.
final class RESTResponder: Sendable {
    private let service: InferenceService
    private let health: ServingHealth
    private let configuration: RESTConfiguration

    init(service: InferenceService, health: ServingHealth, configuration: RESTConfiguration) {
        self.service = service
        self.health = health
        self.configuration = configuration
    }

    /// Whether a target is under `/v1/`, which is TensorFlow Serving's.
    static func isV1(_ target: [UInt8]) -> Bool {
        target.count >= 4 && target[0] == UInt8(ascii: "/") && target[1] | 0x20 == UInt8(ascii: "v")
            && target[2] == UInt8(ascii: "1") && target[3] == UInt8(ascii: "/")
    }

    func answer(_ head: HTTP1RequestHead, _ body: ByteBuffer, for call: RESTCall) {
        switch RESTRoute(head.method, head.target) {
        case .predict(let name, let version):
            predict(name, version, head.isGzip ? GzipBody.decompress(body) : body, for: call)
        case .unimplemented(let method):
            fail(ServingError(.unimplemented, "Method \(method) is not implemented over REST yet; use predict"), call)
        case .status(let name, let version):
            reply(call) { () throws(ServingError) in
                StatusAnswer.json(try self.service.status(of: name, version: version))
            }
        case .metadata(let name, let version):
            reply(call) { () throws(ServingError) in
                try MetadataAnswer.json(try self.service.metadata(ModelSelector(name: name, version: version)))
            }
        case .options: options(head, call)
        case .live: send(ReadinessAnswer.live, call)
        case .ready: sendReadiness(call)
        case .modelReady(let name, let version): sendReadiness(of: name, version: version, call)
        case .missingModelName: fail(.invalidArgument("Missing model name in request."), call)
        case .unusableVersion(let text):
            fail(.invalidArgument("Failed to convert version: \(text) to numeric."), call)
        case .malformed:
            let target = String(decoding: head.target, as: UTF8.self)
            fail(.invalidArgument("Malformed request: \(head.method.name) \(target)"), call)
        case .unknown: unknown(head, call)
        }
    }
}

// MARK: Predict

extension RESTResponder {
    private func predict(_ name: String, _ version: VersionChoice, _ body: ByteBuffer, for call: RESTCall) {
        let deadline = deadline()
        do throws(ServingError) {
            var selector = ModelSelector(name: name, version: version)
            var model: ResolvedModel?
            let parsed = try parse(body, selector, &model)
            selector.signatureName = parsed.signatureName
            guard let model else { throw .internalError("A request was read without its model") }
            let cancellation = CallCancellation()
            call.handler.setCancellation(cancellation, for: call.number)
            let predictCall = PredictCall(model: selector, inputs: parsed.inputs, deadline: deadline)
            let form = parsed.form
            service.predict(predictCall, on: model, cancellation: cancellation) { result in
                call.finish { Self.response(result, form, call.loop) }
            }
        } catch {
            fail(error, call)
        }
    }

    private func deadline() -> Deadline {
        guard let limit = configuration.timeoutMilliseconds else { return .never }
        return .after(nanoseconds: min(limit, UInt64.max / 1_000_000) * 1_000_000, from: .now())
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
            return errorResponse(error, loop)
        }
    }
}

// MARK: Other answers

extension RESTResponder {
    private static func errorResponse(_ error: ServingError, _ loop: RESTLoop) -> HTTPResponse {
        var response = HTTPResponse(status: HTTPStatus(error.code), allocator: loop.allocator)
        response.buffer.writeBytes(ErrorAnswer.json(error.message))
        return response
    }

    private func fail(_ error: ServingError, _ call: RESTCall) {
        call.finish { Self.errorResponse(error, call.loop) }
    }

    private func send(
        _ body: [UInt8],
        status: HTTPStatus = .ok,
        content: HTTPResponse.Content = .json,
        _ call: RESTCall
    ) {
        call.finish {
            var response = HTTPResponse(status: status, content: content, allocator: call.loop.allocator)
            response.buffer.writeBytes(body)
            return response
        }
    }

    private func reply(_ call: RESTCall, _ body: () throws(ServingError) -> [UInt8]) {
        do throws(ServingError) {
            send(try body(), call)
        } catch {
            fail(error, call)
        }
    }

    private func options(_ head: HTTP1RequestHead, _ call: RESTCall) {
        send([], status: head.hasWebOrigin ? .ok : .badRequest, content: .none, call)
    }

    private func unknown(_ head: HTTP1RequestHead, _ call: RESTCall) {
        let status: HTTPStatus =
            switch head.method {
            case .other: .notImplemented
            case .get, .head, .post, .put, .delete, .patch, .options: .notFound
            }
        send(ErrorAnswer.html(status), status: status, content: .html, call)
    }

    private func sendReadiness(_ call: RESTCall) {
        guard !health.isReady else { return send(ReadinessAnswer.ready, call) }
        let reasons = health.unavailableModels.map {
            ReadinessAnswer.Reason(model: $0.name, text: ReadinessAnswer.reason($0.versions))
        }
        send(
            ReadinessAnswer.notReady(isDraining: health.isDraining, reasons),
            status: .serviceUnavailable,
            call
        )
    }

    private func sendReadiness(of name: String, version: Int64?, _ call: RESTCall) {
        guard health.status(of: name) != nil else {
            return fail(.notFound("Could not find any versions of model \(name)"), call)
        }
        do throws(ServingError) {
            let versions = version == nil ? health.versions(of: name) : try service.status(of: name, version: version)
            if !health.isDraining, versions.contains(where: { $0.state == .available }) {
                return send(ReadinessAnswer.ready, call)
            }
            let reason = ReadinessAnswer.Reason(model: name, text: ReadinessAnswer.reason(versions))
            let reasons = health.isDraining ? [] : [reason]
            send(
                ReadinessAnswer.notReady(isDraining: health.isDraining, reasons),
                status: .serviceUnavailable,
                call
            )
        } catch {
            fail(error, call)
        }
    }
}
