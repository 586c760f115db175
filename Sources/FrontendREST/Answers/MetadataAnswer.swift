import Inference
import Servables
import ServingPrimitives

/// The body of `GET /v1/models/M/metadata`: model and signatures as protobuf's JSON printer writes them with defaults,
/// field names as they are declared and an indent of one, put together as TensorFlow Serving does.
enum MetadataAnswer {
    static func json(_ metadata: ModelMetadata) throws(ServingError) -> [UInt8] {
        var json = ProtobufJSON()
        json.object { json in
            json.string("name", metadata.servable.name)
            json.string("signature_name", "")
            json.string("version", String(metadata.servable.version))
        }
        var signatures = ProtobufJSON()
        try signatures.signatures(metadata.signatures)
        // The two printed messages keep the line ends that they end in.
        return Array("{\n\"model_spec\":".utf8) + json.text + Array("\n,\n\"metadata\": {\"signature_def\": ".utf8)
            + signatures.text + Array("\n}\n}\n".utf8)
    }
}
