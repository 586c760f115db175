import EngineInterface
import ModelSignatures
package import ServingPrimitives
import Tensors

extension ShardGraph {
    /// Signatures that clients call, in the order of their names.
    func bindSignatures(to groups: [TableGroup]) throws(ServingError) -> [BoundSignature] {
        var bound: [BoundSignature] = []
        for (name, definition) in signatures.sorted(by: { $0.key < $1.key }) where !ShardAction.isInternal(name) {
            bound.append(try BoundSignature(name, definition, groups))
        }
        return bound
    }

    /// Names of the signatures of the graph of a version in `folder`, as it would be served.
    package func boundSignatures(in folder: String) throws(ServingError) -> [String] {
        try bindSignatures(to: try tableGroups(in: folder, [])).map(\.signature.name)
    }
}

/// A signature with what it does.
struct BoundSignature {
    let signature: Signature
    let action: ShardAction

    init(
        _ name: String,
        _ definition: SignatureDefinition,
        _ groups: [TableGroup]
    ) throws(ServingError) {
        func parameters(
            _ infos: [String: SignatureDefinition.TensorInfo]
        ) throws(ServingError) -> [Signature.Parameter] {
            var parameters: [Signature.Parameter] = []
            for (parameter, info) in infos {
                guard case .tensor(let tensor) = info.encoding else {
                    throw .invalidArgument("signature \(name): \(parameter) is no plain tensor")
                }
                parameters.append(
                    Signature.Parameter(
                        name: parameter,
                        elementType: ElementType(rawValue: info.type),
                        shape: info.shape,
                        tensorName: tensor
                    )
                )
            }
            return parameters
        }
        signature = Signature(
            name: name,
            methodName: definition.methodName,
            inputs: try parameters(definition.inputs),
            outputs: try parameters(definition.outputs),
            definition: definition.serialized,
            sharesBatches: false
        )
        action = try ShardAction(signature, groups)
    }
}
