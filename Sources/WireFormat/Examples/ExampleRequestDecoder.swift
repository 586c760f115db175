public import Inference
public import ServingPrimitives

/// Reads `tensorflow.serving.ClassificationRequest` and `RegressionRequest`, which have the same fields, over the
/// received bytes: the examples reach the model as the client serialized them.
public enum ExampleRequestDecoder {
    /// - Parameters:
    ///   - name: of the message, for error texts.
    ///   - bytes: the serialized message. The examples become views of it, unless each gets a context.
    ///   - owner: keeps `bytes` alive and unchanged as long as the examples are used.
    ///   - needsModelSpec: as in `PredictRequestDecoder`.
    /// - Throws: `INVALID_ARGUMENT` with what was wrong and what was expected.
    public static func decode(
        _ name: String,
        _ bytes: UnsafeRawBufferPointer,
        owner: AnyObject,
        needsModelSpec: Bool = true
    ) throws(ServingError) -> ExampleCall {
        var model: ModelSpecFields?
        var input = ExampleInputFields()
        do throws(WireError) {
            var reader = WireReader(bytes)
            while !reader.isAtEnd {
                let tag = try reader.tag()
                switch tag {
                case .bytes(1):
                    if model == nil { model = ModelSpecFields() }
                    try model?.merge(try reader.payload())
                case .bytes(2): try input.merge(try reader.payload())
                default: try reader.skip(tag)
                }
            }
        } catch {
            throw error.servingError(name, in: bytes)
        }
        if model == nil, needsModelSpec { throw .invalidArgument("Missing ModelSpec") }
        return ExampleCall(
            model: (model ?? ModelSpecFields()).selector,
            examples: try input.examples(owner: owner, messageByteCount: bytes.count)
        )
    }
}
