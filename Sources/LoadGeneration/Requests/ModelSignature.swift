import EngineInterface
import HTTPClient
import ServingPrimitives
import ServingProtos
import SwiftProtobuf
import Tensors

/// Asks a server for a model's signature.
enum ModelSignature {
    static let defaultName = "serving_default"

    /// - Throws: what the server says; `NOT_FOUND` when the model has no such signature; `UNAVAILABLE` when nobody
    ///   answers.
    static func fetch(
        _ model: String,
        _ version: Int64?,
        _ name: String,
        from address: ServerAddress,
        _ wire: LoadTarget.Wire
    ) throws(ServingError) -> Signature {
        guard !model.isEmpty else { throw .invalidArgument("which model? Name it with --model") }
        let map =
            wire == .http2 ? try overGRPC(model, version, address) : try overREST(model, version, address)
        let wanted = name.isEmpty ? defaultName : name
        guard let definition = map.signatureDef[wanted] else {
            let names = map.signatureDef.keys.sorted().joined(separator: ", ")
            throw ServingError(.notFound, "model \"\(model)\" has no signature \"\(wanted)\"; it has: \(names)")
        }
        return signature(wanted, definition)
    }

    private static func overGRPC(
        _ model: String,
        _ version: Int64?,
        _ address: ServerAddress
    ) throws(ServingError) -> Tensorflow_Serving_SignatureDefMap {
        var request = Tensorflow_Serving_GetModelMetadataRequest()
        request.modelSpec.name = model
        if let version { request.modelSpec.version.value = version }
        request.metadataField = ["signature_def"]
        do {
            let reply = try SingleCall.perform(
                .grpc(
                    path: "/tensorflow.serving.PredictionService/GetModelMetadata",
                    message: try request.serializedBytes(),
                    to: address,
                    RequestFields()
                ),
                to: address,
                .http2
            )
            guard case .grpc(0) = reply.kind, reply.body.count >= 5 else { throw reply.refusal(address) }
            let response = try Tensorflow_Serving_GetModelMetadataResponse(serializedBytes: Array(reply.body[5...]))
            return try Tensorflow_Serving_SignatureDefMap(
                unpackingAny: response.metadata["signature_def"] ?? Google_Protobuf_Any()
            )
        } catch let error as ServingError {
            throw error
        } catch {
            throw ServingError(.internal, "\(address.text) answers GetModelMetadata with something else: \(error)")
        }
    }

    private static func overREST(
        _ model: String,
        _ version: Int64?,
        _ address: ServerAddress
    ) throws(ServingError) -> Tensorflow_Serving_SignatureDefMap {
        let place = version.map { "/versions/\($0)" } ?? ""
        let reply = try SingleCall.perform(
            .http1(method: "GET", path: "/v1/models/\(model)\(place)/metadata", body: [], to: address, RequestFields()),
            to: address,
            .http1
        )
        guard case .http(200) = reply.kind else { throw reply.refusal(address) }
        do {
            let document = try Google_Protobuf_Struct(jsonUTF8Bytes: reply.body)
            let map = document.fields["metadata"]?.structValue.fields["signature_def"]
            var options = JSONDecodingOptions()
            options.ignoreUnknownFields = true
            let bytes: [UInt8] = try (map?.structValue ?? Google_Protobuf_Struct()).jsonUTF8Bytes()
            return try Tensorflow_Serving_SignatureDefMap(jsonUTF8Bytes: bytes, options: options)
        } catch {
            throw ServingError(
                .internal,
                "\(address.text) answers the question for metadata with something else: \(error)"
            )
        }
    }

    private static func signature(_ name: String, _ definition: Tensorflow_SignatureDef) -> Signature {
        Signature(
            name: name,
            methodName: definition.methodName,
            inputs: definition.inputs.map { parameter($0, $1) },
            outputs: definition.outputs.map { parameter($0, $1) }
        )
    }

    private static func parameter(_ name: String, _ info: Tensorflow_TensorInfo) -> Signature.Parameter {
        Signature.Parameter(
            name: name,
            elementType: ElementType(rawValue: Int32(clamping: info.dtype.rawValue)),
            shape: info.tensorShape.unknownRank ? nil : info.tensorShape.dim.map { Int(clamping: $0.size) },
            tensorName: info.name
        )
    }
}
