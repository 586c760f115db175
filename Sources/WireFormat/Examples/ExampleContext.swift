public import ServingPrimitives
public import Tensors

/// The features that the examples of a request share.
public enum ExampleContext {
    /// Each example with the context's bytes in front: concatenated messages are one merged message.
    ///
    /// - Parameters:
    ///   - context: a serialized `tensorflow.Example`.
    ///   - examples: a string vector.
    ///   - requestByteCount: size of the request, by which memory is bounded.
    /// - Throws: `INVALID_ARGUMENT` when the context is so large, and there are so many examples, that this would take
    ///   much more memory than the request has bytes.
    public static func prepend(
        _ context: [UInt8],
        to examples: Tensor,
        requestByteCount: Int
    ) throws(ServingError) -> Tensor {
        guard !context.isEmpty else { return examples }
        let count = examples.shape.elementCount
        let budget = AllocationBudget(messageByteCount: requestByteCount)
        guard budget.allows(context.count, times: count) else {
            throw .invalidArgument(
                "Cannot read the examples: a context of \(context.count) bytes in front of each of \(count) examples "
                    + "takes more memory than a request of this size may ask for; send fewer examples, or leave the "
                    + "context out"
            )
        }
        var builder = StringTensorBuilder()
        examples.withStrings {
            for example in $0 { builder.append(context, then: UnsafeRawBufferPointer(example.bytes)) }
        }
        return builder.vector()
    }
}
