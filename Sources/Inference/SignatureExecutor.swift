import EngineInterface
import ServingPrimitives
import Tensors

/// Binds requests to one signature: puts inputs in order, fills defaults, selects outputs.
final class SignatureExecutor: Sendable {
    let index: Int
    let signature: Signature
    let estimate = RunTimeEstimate()
    let allOutputs: [Int]
    /// Whether its runs may share batches.
    let declaresRows: Bool

    init(index: Int, signature: Signature) {
        self.index = index
        self.signature = signature
        self.allOutputs = Array(signature.outputs.indices)
        self.declaresRows = signature.declaresRows
    }

    /// The run for `inputs`, or the error TensorFlow Serving gives for them. A repeated name counts once, the last
    /// one wins, as in a protobuf map.
    func bind(
        _ inputs: [NamedTensor],
        outputFilter: [String],
        deadline: Deadline
    ) throws(ServingError) -> (request: RunRequest, elements: Int) {
        let parameters = signature.inputs
        var ordered: [Tensor] = []
        ordered.reserveCapacity(parameters.count)
        var elements = 0
        var found = 0
        for parameter in parameters {
            if let tensor = inputs.last(where: { $0.name == parameter.name })?.tensor {
                found += 1
                elements &+= tensor.shape.elementCount
                ordered.append(tensor)
            } else if let value = parameter.defaultValue {
                elements &+= value.shape.elementCount
                ordered.append(value)
            }
        }
        if ordered.count != parameters.count || inputs.count != found { try refuse(inputs, found: found) }
        let outputs = outputFilter.isEmpty ? allOutputs : try select(outputFilter)
        let request = RunRequest(
            signature: index,
            inputs: ordered,
            outputs: outputs,
            deadline: deadline,
            expectedNanoseconds: estimate.expected(elements: elements)
        )
        return (request, elements)
    }

    /// Throws the right error when the names of `inputs` do not fit; returns when only repetitions made the counts
    /// differ. Order and texts are those of TensorFlow Serving's `VerifyRequestInputsSize` and TensorFlow's
    /// `GetInputValues`, which list what was sent where they speak of what was expected.
    private func refuse(_ inputs: [NamedTensor], found: Int) throws(ServingError) {
        let sent = Set(inputs.map(\.name))
        let expected = Set(signature.inputs.map(\.name))
        let defaults = Set(signature.inputs.filter { $0.defaultValue != nil }.map(\.name))
        func list(_ names: Set<String>) -> String { names.sorted().joined(separator: ",") }
        if sent.count > expected.count || (sent.count < expected.count && defaults.isEmpty) {
            throw .invalidArgument(
                "input size does not match signature: \(sent.count)!=\(expected.count) len({\(list(sent))}) != "
                    + "len({\(list(expected))}). Sent extra: {\(list(sent.subtracting(expected)))}. "
                    + "Missing but required: {\(list(expected.subtracting(sent)))}."
            )
        }
        for parameter in signature.inputs where !sent.contains(parameter.name) && parameter.defaultValue == nil {
            throw .invalidArgument(
                "Signature input alias: \(parameter.name)(feed name: \(parameter.tensorName)) not found in request "
                    + "and no default value provided. Inputs expected to be in the request "
                    + "{\(list(sent))}, or default input alias set: \(list(defaults))"
            )
        }
        if !sent.isSubset(of: expected) {
            throw .invalidArgument(
                "Inputs contains invalid name. Used request inputs: \(list(sent.intersection(expected))), "
                    + "request input: \(list(sent))"
            )
        }
    }

    private func select(_ filter: [String]) throws(ServingError) -> [Int] {
        var selected: [Int] = []
        selected.reserveCapacity(filter.count)
        for name in filter {
            guard let output = signature.outputs.firstIndex(where: { $0.name == name }) else {
                throw .invalidArgument(
                    "output tensor alias not found in signature: \(name) Outputs expected to be in the set {"
                        + signature.outputs.map(\.name).joined(separator: ",") + "}."
                )
            }
            guard !selected.contains(output) else {
                throw .invalidArgument("duplicate output tensor alias: \(name)")
            }
            selected.append(output)
        }
        return selected
    }
}
