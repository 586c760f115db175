import EngineInterface
import ModelSignatures
package import ServingPrimitives

/// What a server needs to know of a `model.tflite`. Field numbers are those of tflite/converter/schema/schema.fbs.
package struct TFLiteFile {
    /// A tensor of the first subgraph.
    struct TensorInfo {
        var name: String
        /// A number of the schema's `TensorType`.
        var type: Int
        /// Sizes as the file states them: 1 where any size goes.
        var shape: [Int]
    }

    /// Of the first subgraph, in their order: numbers of tensors.
    private(set) var inputs: [Int] = []
    private(set) var outputs: [Int] = []
    /// The tensors among them.
    private(set) var tensors: [Int: TensorInfo] = [:]
    /// From the metadata entry `signature_defs_metadata`, by name.
    private(set) var signatures: [String: SignatureDefinition] = [:]
    /// Number of the file's own signature (of TFLite, not TensorFlow) over the first subgraph; 0 when there is none.
    private(set) var entryPoint = 0

    private static let signatureEntry = "signature_defs_metadata"
    /// Parts of a file may share bytes, so its size does not bound what reading them takes. No model has as much of them.
    private static let maximumTensors = 4096
    private static let maximumRank = 254
    private static let maximumNameLength = 1 << 16
    private static let maximumSignatureLength = 1 << 20

    /// - Throws: `INVALID_ARGUMENT` with what is wrong with the file, or with its signatures.
    init(_ bytes: UnsafeRawBufferPointer) throws(ServingError) {
        let signatureBytes: UnsafeRawBufferPointer?
        do throws(FlatBuffer.Malformed) {
            let buffer = FlatBuffer(bytes)
            // The identifier follows the root's offset.
            guard bytes.count >= 8, bytes[4..<8].elementsEqual("TFL3".utf8) else {
                throw FlatBuffer.Malformed(reason: "it does not have the identifier TFL3 of a TFLite model")
            }
            let model = try buffer.root()
            try readSubgraphs(model, buffer)
            try readEntryPoint(model, buffer)
            signatureBytes = try signatureContent(model, buffer, bytes)
        } catch {
            throw .invalidArgument("Cannot build FlatBufferModel from buffer.\n\(error.reason)")
        }
        guard let signatureBytes else { return }
        do throws(FlatBuffer.Malformed) {
            try readSignatures(signatureBytes)
        } catch {
            throw .invalidArgument("Invalid SignatureDefs found in TfLite model: \(error.reason)")
        }
    }

    /// All that a load does with bytes before LiteRT sees them: the names of the signatures.
    ///
    /// - Throws: as loading such a file.
    package static func signatureNames(in bytes: UnsafeRawBufferPointer) throws(ServingError) -> [String] {
        try TFLiteSignature.all(of: TFLiteFile(bytes)).map(\.signature.name)
    }

    /// subgraphs = 2 [ tensors = 0, inputs = 1, outputs = 2 ]
    private mutating func readSubgraphs(_ model: FlatBuffer.Table, _ buffer: FlatBuffer) throws(FlatBuffer.Malformed) {
        let subgraphs = try buffer.tables(model, 2)
        guard subgraphs.count > 0 else { throw FlatBuffer.Malformed(reason: "it has no subgraph") }
        let subgraph = try buffer.table(subgraphs, at: 0)
        let all = try buffer.tables(subgraph, 0)
        inputs = try indexes(subgraph, 1, of: all, buffer)
        outputs = try indexes(subgraph, 2, of: all, buffer)
        for index in inputs + outputs where tensors[index] == nil {
            tensors[index] = try tensor(buffer.table(all, at: index), buffer)
        }
    }

    private func indexes(
        _ subgraph: FlatBuffer.Table,
        _ field: Int,
        of tensors: FlatBuffer.Vector,
        _ buffer: FlatBuffer
    ) throws(FlatBuffer.Malformed) -> [Int] {
        let vector = try buffer.vector(subgraph, field, elementSize: 4)
        guard vector.count <= Self.maximumTensors else {
            throw FlatBuffer.Malformed(
                reason: "it has \(vector.count) inputs or outputs; at most \(Self.maximumTensors)"
            )
        }
        var indexes: [Int] = []
        for position in 0..<vector.count {
            let index = try buffer.int32(vector, at: position)
            guard index >= 0, index < tensors.count else {
                throw FlatBuffer.Malformed(reason: "an input or output is tensor \(index) of \(tensors.count)")
            }
            indexes.append(index)
        }
        return indexes
    }

    /// shape = 0, type = 1, name = 3
    private func tensor(
        _ table: FlatBuffer.Table,
        _ buffer: FlatBuffer
    ) throws(FlatBuffer.Malformed) -> TensorInfo {
        let sizes = try buffer.vector(table, 0, elementSize: 4)
        let nameLength = try buffer.vector(table, 3, elementSize: 1).count
        guard sizes.count <= Self.maximumRank, nameLength <= Self.maximumNameLength else {
            throw FlatBuffer.Malformed(
                reason: "a tensor has \(sizes.count) dimensions and a name of \(nameLength) bytes"
            )
        }
        var shape: [Int] = []
        for index in 0..<sizes.count { shape.append(try buffer.int32(sizes, at: index)) }
        return TensorInfo(
            name: try buffer.string(table, 3),
            type: Int(try buffer.scalar(table, 1, absent: Int8(0))),
            shape: shape
        )
    }

    /// signature_defs = 7 [ subgraph_index = 4 ]
    private mutating func readEntryPoint(_ model: FlatBuffer.Table, _ buffer: FlatBuffer) throws(FlatBuffer.Malformed) {
        let definitions = try buffer.tables(model, 7)
        for index in 0..<definitions.count {
            let subgraph = try buffer.scalar(buffer.table(definitions, at: index), 4, absent: UInt32(0))
            guard subgraph != 0 else {
                entryPoint = index
                return
            }
        }
        guard definitions.count == 0 else {
            throw FlatBuffer.Malformed(reason: "none of its signatures is over its first subgraph")
        }
    }

    /// What the metadata holds under the signatures' name. buffers = 4, metadata = 6 [ name = 0, buffer = 1 ]
    private func signatureContent(
        _ model: FlatBuffer.Table,
        _ buffer: FlatBuffer,
        _ bytes: UnsafeRawBufferPointer
    ) throws(FlatBuffer.Malformed) -> UnsafeRawBufferPointer? {
        let entries = try buffer.tables(model, 6)
        let buffers = try buffer.tables(model, 4)
        for index in 0..<entries.count {
            let entry = try buffer.table(entries, at: index)
            guard try buffer.string(entry, 0) == Self.signatureEntry else { continue }
            let number = Int(try buffer.scalar(entry, 1, absent: UInt32(0)))
            guard number < buffers.count else {
                throw FlatBuffer.Malformed(reason: "its signatures are in buffer \(number) of \(buffers.count)")
            }
            return try content(buffer.table(buffers, at: number), buffer, bytes)
        }
        return nil
    }

    /// data = 0, or where it lies in the file: offset = 1, size = 2
    private func content(
        _ table: FlatBuffer.Table,
        _ buffer: FlatBuffer,
        _ bytes: UnsafeRawBufferPointer
    ) throws(FlatBuffer.Malformed) -> UnsafeRawBufferPointer {
        let offset = try buffer.scalar(table, 1, absent: UInt64(0))
        guard offset > 1 else { return buffer.bytes(try buffer.vector(table, 0, elementSize: 1)) }
        let size = try buffer.scalar(table, 2, absent: UInt64(0))
        guard offset <= UInt64(bytes.count), size <= UInt64(bytes.count) - offset else {
            throw FlatBuffer.Malformed(reason: "a buffer lies outside of the file")
        }
        return UnsafeRawBufferPointer(rebasing: bytes[Int(offset)..<Int(offset) + Int(size)])
    }

    private mutating func readSignatures(_ content: UnsafeRawBufferPointer) throws(FlatBuffer.Malformed) {
        let map = try FlexBufferMap(content)
        for index in 0..<map.count {
            let name = try map.key(at: index)
            let message = try map.content(at: index)
            guard message.count <= Self.maximumSignatureLength, name.utf8.count <= Self.maximumNameLength else {
                throw FlatBuffer.Malformed(reason: "a signature has \(message.count) bytes")
            }
            do throws(ProtobufReader.Malformed) {
                signatures[name] = try SignatureDefinition(message)
            } catch {
                throw FlatBuffer.Malformed(reason: "its signature \"\(name)\" is not a SignatureDef")
            }
        }
    }
}
