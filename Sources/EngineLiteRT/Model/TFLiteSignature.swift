import EngineInterface
import ModelSignatures
import ServingPrimitives
import Tensors

/// A signature with its tensors found in the model.
struct TFLiteSignature {
    let signature: Signature
    /// Numbers of the model's tensors, in the order of `signature.inputs`.
    let inputs: [Int]
    /// In the order of `signature.outputs`.
    let outputs: [Int]

    /// The signatures of a model: those its metadata states, else one made of all its inputs and outputs.
    ///
    /// - Throws: `INTERNAL` in TensorFlow Serving's words when a signature names a tensor that the model does not have.
    static func all(of file: TFLiteFile) throws(ServingError) -> [TFLiteSignature] {
        let inputs = try TensorNames(file.inputs, of: file, role: "Input")
        let outputs = try TensorNames(file.outputs, of: file, role: "Output")
        guard !file.signatures.isEmpty else { return [try made(inputs, outputs)] }
        return try file.signatures.sorted { $0.key < $1.key }.map { (name, definition) throws(ServingError) in
            try TFLiteSignature(name, definition, inputs, outputs)
        }
    }

    private init(
        _ name: String,
        _ definition: SignatureDefinition,
        _ inputs: TensorNames,
        _ outputs: TensorNames
    ) throws(ServingError) {
        let boundInputs = try inputs.bind(definition.inputs, "input")
        let boundOutputs = try outputs.bind(definition.outputs, "output")
        let isAsStated = (boundInputs + boundOutputs).allSatisfy(\.isAsStated)
        self.init(
            name,
            methodName: definition.methodName,
            boundInputs,
            boundOutputs,
            definition: isAsStated ? definition.serialized : nil
        )
    }

    /// `serving_default`, with a name for each tensor: the tensor's own without `:0`.
    private static func made(_ inputs: TensorNames, _ outputs: TensorNames) throws(ServingError) -> TFLiteSignature {
        TFLiteSignature(
            "serving_default",
            methodName: "tensorflow/serving/predict",
            try inputs.aliased(),
            try outputs.aliased(),
            definition: nil
        )
    }

    private init(
        _ name: String,
        methodName: String,
        _ inputs: [TensorNames.Bound],
        _ outputs: [TensorNames.Bound],
        definition: [UInt8]?
    ) {
        let inputs = inputs.sorted { $0.alias < $1.alias }
        let outputs = outputs.sorted { $0.alias < $1.alias }
        self.inputs = inputs.map(\.tensor)
        self.outputs = outputs.map(\.tensor)
        signature = Signature(
            name: name,
            methodName: methodName,
            inputs: inputs.map(\.parameter),
            outputs: outputs.map(\.parameter),
            definition: definition
                ?? SignatureDefinition.encode(
                    methodName: methodName,
                    inputs: inputs.map { ($0.alias, $0.info) },
                    outputs: outputs.map { ($0.alias, $0.info) }
                )
        )
    }
}

/// The inputs or the outputs of a model by their names.
private struct TensorNames {
    /// An entry of a signature.
    struct Bound {
        var alias: String
        var info: SignatureDefinition.TensorInfo
        var name: String
        var tensor: Int
        /// Whether the signature states the name as the model does.
        var isAsStated = true

        var parameter: Signature.Parameter {
            Signature.Parameter(
                name: alias,
                elementType: ElementType(rawValue: info.type),
                shape: info.shape,
                tensorName: name
            )
        }
    }

    private var numbers: [String: Int] = [:]
    private let file: TFLiteFile

    /// - Throws: when a name is missing or is that of two tensors.
    init(_ tensors: [Int], of file: TFLiteFile, role: String) throws(ServingError) {
        self.file = file
        for tensor in tensors {
            let name = file.tensors[tensor]?.name ?? ""
            guard !name.isEmpty else { throw .internalError("\(role) name missing for tensor index: \(tensor)") }
            guard numbers.updateValue(tensor, forKey: name) == nil else {
                throw ServingError(.alreadyExists, "\(role) tensor name: \(name) has multiple indices")
            }
        }
    }

    /// The entries of a signature with their tensors. Older converters leave out the `:0` that a signature has.
    func bind(
        _ infos: [String: SignatureDefinition.TensorInfo],
        _ role: String
    ) throws(ServingError) -> [Bound] {
        try infos.map { (alias, info) throws(ServingError) in
            guard case .tensor(let stated) = info.encoding else {
                throw ServingError(.unimplemented, "Signature \(role) \(alias) is a composite tensor")
            }
            for name in [stated, Self.withoutIndex(stated)] {
                guard let tensor = numbers[name] else { continue }
                var info = info
                info.encoding = .tensor(name)
                return Bound(alias: alias, info: info, name: name, tensor: tensor, isAsStated: name == stated)
            }
            throw .internalError(
                "Unknown tensor '\(stated)'.\n\tSignature \(role) \(alias) references an unknown tensor"
            )
        }
    }

    /// A name for each tensor. Of two that differ only in what is behind the colon, TensorFlow Serving serves the one
    /// that is last in order; the other one keeps its full name here, where there it cannot be reached.
    func aliased() throws(ServingError) -> [Bound] {
        var bound: [String: Bound] = [:]
        for (name, tensor) in numbers.sorted(by: { $0.key < $1.key }) {
            let entry = Bound(alias: Self.withoutIndex(name), info: try info(of: tensor), name: name, tensor: tensor)
            if var former = bound.updateValue(entry, forKey: entry.alias) {
                former.alias = former.name
                bound[former.alias] = former
            }
        }
        return Array(bound.values)
    }

    private func info(of tensor: Int) throws(ServingError) -> SignatureDefinition.TensorInfo {
        guard let tensor = file.tensors[tensor] else { throw .internalError("an input or output is no tensor") }
        guard let type = ElementType(schemaType: tensor.type) else {
            throw .internalError("Unknown TfLite type: \(tensor.type)")
        }
        return SignatureDefinition.TensorInfo(name: tensor.name, type: type.rawValue, shape: tensor.shape)
    }

    private static func withoutIndex(_ name: String) -> String {
        name.firstIndex(of: ":").map { String(name[..<$0]) } ?? name
    }
}
