import EngineInterface
import FrontendREST
public import HTTPClient
import Inference
public import ServingPrimitives
import ServingProtos
import SwiftProtobuf
import Tensors
import WireFormat

/// What is asked of a model server, before it is known over which wire: made from the model's signature, from a JSON
/// body, from a serialized PredictRequest or from the records of a warm-up file.
public struct ModelQuestion: Sendable {
    public var model = ""
    public var version: Int64?
    public var signature = ""
    public var rules = InputRules()
    /// How many different requests to make where the inputs are random.
    public var variants = 1
    /// The file's bytes, where the request is given.
    public var data: [UInt8]?

    public init() {}

    /// One server with the requests of this question.
    ///
    /// Asks the server for the model's signatures where it needs them.
    ///
    /// - Throws: what is wrong with the question or the data; `UNAVAILABLE` when the server does not answer.
    public func target(
        named name: String,
        at address: ServerAddress,
        _ wire: LoadTarget.Wire,
        _ fields: RequestFields
    ) throws(ServingError) -> LoadTarget {
        let calls = try calls { () throws(ServingError) in
            try ModelSignature.fetch(model, version, signature, from: address, wire)
        }
        var requests: [PreparedRequest] = []
        for call in calls { requests.append(try request(call, address, wire, fields)) }
        guard let first = calls.first else { throw .invalidArgument("there is no request to send") }
        return LoadTarget(
            name: name,
            address: address,
            wire: wire,
            requests: requests,
            probe: try request(first, address, wire, fields.withoutDeadline),
            rows: first.rows
        )
    }

    /// One call in neutral form.
    private enum Call {
        case predict(Tensorflow_Serving_PredictRequest)
        /// Any other method with its message.
        case other(method: String, message: [UInt8])
        /// A REST body that goes over REST as it is.
        case json([UInt8], inputs: [NamedTensor], signature: String)

        var rows: Int? {
            switch self {
            case .predict(let request):
                request.inputs.values.first.flatMap { $0.tensorShape.dim.first.map { Int($0.size) } }
            case .other: nil
            case .json(_, let inputs, _):
                inputs.first.flatMap { $0.tensor.shape.rank > 0 ? $0.tensor.shape[0] : nil }
            }
        }
    }

    private func calls(
        _ fetch: () throws(ServingError) -> Signature
    ) throws(ServingError) -> [Call] {
        guard let data else {
            let signature = try fetch()
            var calls: [Call] = []
            for variant in 0..<max(1, variants) {
                calls.append(.predict(request(try rules.inputs(signature, variant: variant), self.signature)))
            }
            return calls
        }
        if data.first(where: { ![0x20, 0x09, 0x0a, 0x0d].contains($0) }) == UInt8(ascii: "{") {
            return [try json(data, fetch)]
        }
        if let records = try PredictionLogFile.records(in: data) {
            var calls: [Call] = []
            for record in records { calls.append(try call(record)) }
            return calls
        }
        do {
            return [.predict(addressed(try Tensorflow_Serving_PredictRequest(serializedBytes: data)))]
        } catch {
            throw .invalidArgument(
                "the data is neither JSON nor a TFRecord file nor a serialized PredictRequest: \(error)"
            )
        }
    }

    private func json(_ data: [UInt8], _ fetch: () throws(ServingError) -> Signature) throws(ServingError) -> Call {
        let known = try fetch()
        let parsed: Result<ParsedPredictRequest, ServingError> = data.withUnsafeBytes { bytes in
            Result { () throws(ServingError) in
                try PredictRequestParser.parse(bytes) { name throws(ServingError) in
                    guard name.isEmpty || name == known.name else {
                        throw .invalidArgument("the data names signature \"\(name)\"; give it with --signature")
                    }
                    return known
                }
            }
        }
        let request = try parsed.get()
        return .json(data, inputs: request.inputs, signature: request.signatureName)
    }

    private func call(_ record: Tensorflow_Serving_PredictionLog) throws(ServingError) -> Call {
        do {
            switch record.logType {
            case .predictLog(let log): return .predict(addressed(log.request))
            case .classifyLog(let log):
                var request = log.request
                address(&request.modelSpec)
                return .other(method: "Classify", message: try request.serializedBytes())
            case .regressLog(let log):
                var request = log.request
                address(&request.modelSpec)
                return .other(method: "Regress", message: try request.serializedBytes())
            case .multiInferenceLog(let log):
                return .other(method: "MultiInference", message: try log.request.serializedBytes())
            case .sessionRunLog, .predictStreamedLog, nil:
                throw ServingError(.unimplemented, "the file has a record that is none of predict, classify, regress")
            }
        } catch let error as ServingError {
            throw error
        } catch {
            throw .invalidArgument("a record cannot be written: \(error)")
        }
    }

    // MARK: Messages

    private func request(_ inputs: [NamedTensor], _ signature: String) -> Tensorflow_Serving_PredictRequest {
        var request = Tensorflow_Serving_PredictRequest()
        address(&request.modelSpec)
        if !signature.isEmpty { request.modelSpec.signatureName = signature }
        for input in inputs { request.inputs[input.name] = Tensorflow_TensorProto(input.tensor, encoding: .content) }
        return request
    }

    private func addressed(_ request: Tensorflow_Serving_PredictRequest) -> Tensorflow_Serving_PredictRequest {
        var request = request
        address(&request.modelSpec)
        return request
    }

    /// What the command line says of the model comes before what a message says.
    private func address(_ spec: inout Tensorflow_Serving_ModelSpec) {
        if !model.isEmpty { spec.name = model }
        if let version { spec.version.value = version }
        if !signature.isEmpty { spec.signatureName = signature }
    }

    // MARK: Wires

    private func request(
        _ call: Call,
        _ address: ServerAddress,
        _ wire: LoadTarget.Wire,
        _ fields: RequestFields
    ) throws(ServingError) -> PreparedRequest {
        wire == .http2 ? grpc(call, address, fields) : try rest(call, address, fields)
    }

    private func grpc(_ call: Call, _ address: ServerAddress, _ fields: RequestFields) -> PreparedRequest {
        let (method, message): (String, [UInt8]) =
            switch call {
            case .predict(let request): ("Predict", Self.serialized(request))
            case .json(_, let inputs, let signature): ("Predict", Self.serialized(request(inputs, signature)))
            case .other(let method, let message): (method, message)
            }
        return .grpc(
            path: "/tensorflow.serving.PredictionService/\(method)",
            message: message,
            to: address,
            fields,
            // Paths differ, so their header blocks do.
            route: ["Predict": 0, "Classify": 1, "Regress": 2][method] ?? 3,
            check: method == "Predict" ? .predictResponse : .status
        )
    }

    /// Inputs are written by name, so that a seed gives the same bytes every time.
    private static func serialized(_ request: Tensorflow_Serving_PredictRequest) -> [UInt8] {
        var options = BinaryEncodingOptions()
        options.useDeterministicOrdering = true
        do { return try request.serializedBytes(options: options) } catch {
            // proto3 has no required fields, and the request is smaller than what it was made from.
            preconditionFailure("a PredictRequest cannot be written: \(error)")
        }
    }

    private func rest(
        _ call: Call,
        _ address: ServerAddress,
        _ fields: RequestFields
    ) throws(ServingError) -> PreparedRequest {
        let body: [UInt8]
        var model = model
        switch call {
        case .json(let data, _, _): body = data
        case .predict(let request):
            var inputs: [NamedTensor] = []
            for (name, tensor) in request.inputs.sorted(by: { $0.key < $1.key }) {
                inputs.append(NamedTensor(name: name, tensor: try Tensor(tensor)))
            }
            body = try JSONBody.predict(inputs, signature: request.modelSpec.signatureName)
            model = request.modelSpec.name
        case .other(let method, _):
            throw ServingError(.unimplemented, "\(method) records go over gRPC only; use --grpc")
        }
        guard !model.isEmpty else { throw .invalidArgument("which model? Name it with --model") }
        let place = version.map { "/versions/\($0)" } ?? ""
        return .http1(
            path: "/v1/models/\(model)\(place):predict",
            body: body,
            to: address,
            fields,
            check: .predictJSON
        )
    }
}
