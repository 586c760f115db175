public import Inference
public import ServingPrimitives

/// Reads `tensorflow.serving.PredictRequest` in one pass over the received bytes, without a generated message.
public enum PredictRequestDecoder {
    /// How many inputs, and how many names in the output filter, a request may have. No model comes near it; without
    /// it, names of a few bytes each would take a hundred bytes of memory each.
    static let maximumNames = 65_536

    /// - Parameters:
    ///   - bytes: the serialized message. Tensors whose elements lie in it densely (`tensor_content`, packed `float_val`
    ///     and the like) become views of it; others are decoded into memory of their own.
    ///   - owner: keeps `bytes` alive and unchanged as long as a tensor refers to it.
    ///   - needsModelSpec: `false` where the model is known otherwise; its name is empty then if the message has none.
    /// - Throws: `INVALID_ARGUMENT` with what was wrong and what was expected.
    public static func decode(
        _ bytes: UnsafeRawBufferPointer,
        owner: AnyObject,
        needsModelSpec: Bool = true
    ) throws(ServingError) -> PredictCall {
        var fields = PredictRequestFields(owner: owner, messageByteCount: bytes.count)
        do throws(WireError) {
            try fields.merge(bytes)
        } catch {
            throw error.servingError("PredictRequest", in: bytes)
        }
        if fields.model == nil, needsModelSpec { throw .invalidArgument("Missing ModelSpec") }
        return PredictCall(
            model: (fields.model ?? ModelSpecFields()).selector,
            inputs: try fields.inputs.finish(),
            outputFilter: fields.outputFilter
        )
    }
}

/// What a PredictRequest holds, while it is read.
private struct PredictRequestFields {
    var model: ModelSpecFields?
    var inputs = NamedTensorMap()
    var outputFilter: [String] = []
    private let owner: AnyObject
    private var budget: AllocationBudget

    init(owner: AnyObject, messageByteCount: Int) {
        self.owner = owner
        self.budget = AllocationBudget(messageByteCount: messageByteCount)
    }

    mutating func merge(_ bytes: UnsafeRawBufferPointer) throws(WireError) {
        var reader = WireReader(bytes)
        while !reader.isAtEnd {
            let tag = try reader.tag()
            switch tag {
            case .bytes(1):
                let spec = try reader.payload()
                if model == nil { model = ModelSpecFields() }
                try model?.merge(spec)
            case .bytes(2): try inputs.merge(entry: try reader.payload(), owner: owner, budget: &budget)
            case .bytes(3): try appendToFilter(try reader.string(), reader.position)
            // predict_streamed_options (5), client_id (6) and request_options (7) change nothing here and are passed
            // over unread.
            default: try reader.skip(tag)
            }
        }
    }

    private mutating func appendToFilter(_ name: String, _ position: UnsafeRawPointer) throws(WireError) {
        guard outputFilter.count < PredictRequestDecoder.maximumNames else {
            throw WireError(.tooManyNames, at: position)
        }
        outputFilter.append(name)
    }
}
