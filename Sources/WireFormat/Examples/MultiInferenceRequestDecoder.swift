public import Inference
public import ServingPrimitives

/// Reads `tensorflow.serving.MultiInferenceRequest`; its examples as `ExampleRequestDecoder` does.
public enum MultiInferenceRequestDecoder {
    /// - Throws: `INVALID_ARGUMENT` with what was wrong and what was expected.
    public static func decode(
        _ bytes: UnsafeRawBufferPointer,
        owner: AnyObject
    ) throws(ServingError) -> MultiInferenceCall {
        var tasks: [MultiInferenceCall.Task] = []
        var input = ExampleInputFields()
        do throws(WireError) {
            var reader = WireReader(bytes)
            while !reader.isAtEnd {
                let tag = try reader.tag()
                switch tag {
                case .bytes(1):
                    tasks.append(try task(try reader.payload()))
                    guard tasks.count <= PredictRequestDecoder.maximumNames else {
                        throw WireError(.tooManyNames, at: reader.position)
                    }
                case .bytes(2): try input.merge(try reader.payload())
                default: try reader.skip(tag)
                }
            }
        } catch {
            throw error.servingError("MultiInferenceRequest", in: bytes)
        }
        return MultiInferenceCall(
            tasks: tasks,
            examples: try input.examples(owner: owner, messageByteCount: bytes.count)
        )
    }

    private static func task(_ bytes: UnsafeRawBufferPointer) throws(WireError) -> MultiInferenceCall.Task {
        var model = ModelSpecFields()
        var methodName = ""
        var reader = WireReader(bytes)
        while !reader.isAtEnd {
            let tag = try reader.tag()
            switch tag {
            case .bytes(1): try model.merge(try reader.payload())
            case .bytes(2): methodName = try reader.string()
            default: try reader.skip(tag)
            }
        }
        return MultiInferenceCall.Task(model: model.selector, methodName: methodName)
    }
}
