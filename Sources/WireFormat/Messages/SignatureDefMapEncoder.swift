public import EngineInterface
// For `Data`, which the generated Any holds its bytes in; SwiftProtobuf needs it anyway.
import FoundationEssentials
public import ServingPrimitives
import ServingProtos
public import SwiftProtobuf

/// Writes `tensorflow.serving.SignatureDefMap` from the definitions' own bytes, so that fields which our messages do not
/// declare (type specs of composite tensors, say) reach the client as the model states them.
public enum SignatureDefMapEncoder {
    public static let typeURL = "type.googleapis.com/tensorflow.serving.SignatureDefMap"

    /// The serialized map, sorted by name.
    ///
    /// - Throws: `INTERNAL` when a definition cannot be made.
    public static func encode(_ signatures: [Signature]) throws(ServingError) -> [UInt8] {
        var entries: [(name: String, definition: [UInt8])] = []
        for signature in signatures.sorted(by: { $0.name < $1.name }) {
            entries.append((signature.name, try definition(of: signature)))
        }
        let size = entries.reduce(0) { $0 + WireSize.field(1, length: entryByteCount($1.name, $1.definition)) }
        return [UInt8](unsafeUninitializedCapacity: size) { target, count in
            count = size
            var writer = WireWriter(UnsafeMutableRawBufferPointer(start: target.baseAddress, count: size))
            for (name, definition) in entries {
                writer.header(1, length: entryByteCount(name, definition))
                writer.string(1, name)
                writer.header(2, length: definition.count)
                definition.withUnsafeBytes { writer.bytes($0) }
            }
        }
    }

    /// The map as GetModelMetadata carries it.
    public static func any(_ signatures: [Signature]) throws(ServingError) -> Google_Protobuf_Any {
        var any = Google_Protobuf_Any()
        any.typeURL = typeURL
        any.value = Data(try encode(signatures))
        return any
    }

    private static func entryByteCount(_ name: String, _ definition: [UInt8]) -> Int {
        WireSize.string(1, name) + WireSize.field(2, length: definition.count)
    }

    private static func definition(of signature: Signature) throws(ServingError) -> [UInt8] {
        guard signature.definition.isEmpty else { return signature.definition }
        do {
            return try Tensorflow_SignatureDef(signature).serializedBytes()
        } catch {
            throw error as? ServingError ?? .internalError("Cannot write signature \"\(signature.name)\": \(error)")
        }
    }
}
