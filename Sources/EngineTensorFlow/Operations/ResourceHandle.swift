import CTensorFlow
import ModelSignatures
import ServingPrimitives

/// What stands in a graph for a thing of ours: a scalar of type resource, which crosses the C API as a serialized
/// `tensorflow.ResourceHandleProto`. It is only a name: who uses it asks the run for what has it.
struct ResourceHandle: Equatable {
    enum Kind: String {
        /// A `SharedTensor`, by its number in the run.
        case buffer = "apus.buffer"
        /// Embedding tables, by their shared name.
        case tables = "apus.tables"
        /// Nothing, where a graph needs something.
        case nothing = "apus.nothing"
    }

    var kind: Kind
    var name: String

    /// DT_RESOURCE
    private static let type: Int32 = 20

    init(_ kind: Kind, _ name: String) {
        self.kind = kind
        self.name = name
    }

    /// - Returns: `nil` for a resource that is none of ours.
    init?(_ tensor: OpaquePointer) {
        let bytes = UnsafeRawBufferPointer(start: TF_TensorData(tensor), count: TF_TensorByteSize(tensor))
        var reader = ProtobufReader(bytes)
        var texts = ["", ""]
        do throws(ProtobufReader.Malformed) {
            while let (field, value) = try reader.next() {
                // container, name
                guard case .bytes(let text) = value, field == 2 || field == 3 else { continue }
                texts[field - 2] = String(decoding: text, as: UTF8.self)
            }
        } catch {
            return nil
        }
        guard let kind = Kind(rawValue: texts[0]) else { return nil }
        self.init(kind, texts[1])
    }

    /// The number of a buffer; `nil` for anything else.
    var bufferNumber: UInt64? { kind == .buffer ? UInt64(name) : nil }

    /// A resource tensor for the caller to delete.
    func makeTensor() throws(ServingError) -> OpaquePointer {
        var proto = ProtobufWriter()
        proto.string(2, kind.rawValue)
        proto.string(3, name)
        guard let tensor = TF_AllocateTensor(Self.type, nil, 0, proto.bytes.count), let data = TF_TensorData(tensor)
        else {
            throw ServingError(.resourceExhausted, "TensorFlow has no memory for a resource handle")
        }
        // Not empty: the kind is in it.
        proto.bytes.withUnsafeBytes { data.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
        return tensor
    }
}

extension KernelContext {
    /// Sets an output to a handle.
    func set(_ index: Int, to handle: ResourceHandle) throws(ServingError) {
        let tensor = try handle.makeTensor()
        defer { TF_DeleteTensor(tensor) }
        try set(index, to: tensor)
    }
}
