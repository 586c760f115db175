import EngineInterface
import Tensors

extension Signature {
    /// The signature as protobuf prints messages, for error texts that quote it.
    var protobufText: String {
        let inputs = inputs.map { Self.entry("inputs", $0) }
        let outputs = outputs.map { Self.entry("outputs", $0) }
        return (inputs + outputs).joined() + "method_name: \"\(methodName)\"\n"
    }

    private static func entry(_ field: String, _ parameter: Parameter) -> String {
        let type = parameter.elementType.map { "    dtype: \($0.declaredName)\n" } ?? ""
        let dimensions = parameter.shape.map { shape in
            shape.map { "      dim {\n        size: \($0)\n      }\n" }.joined()
        }
        return "\(field) {\n  key: \"\(parameter.name)\"\n  value {\n    name: \"\(parameter.tensorName)\"\n" + type
            + "    tensor_shape {\n" + (dimensions ?? "      unknown_rank: true\n") + "    }\n  }\n}\n"
    }
}

extension ElementType {
    /// The name in `types.proto`: `DT_FLOAT`.
    var declaredName: String { "DT_" + name.uppercased() }
}
