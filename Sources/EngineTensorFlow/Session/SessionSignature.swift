import CTensorFlow
import EngineInterface
import ModelSignatures
import ServingPrimitives
import Synchronization
import Tensors

/// A signature with its tensors found in the graph.
final class SessionSignature: @unchecked Sendable {
    // Sendable: all but `selections` is never written after it is made, and that is a Mutex.
    let signature: Signature
    /// In the order of `signature.inputs`.
    let feeds: [TF_Output]
    /// In the order of `signature.outputs`.
    let fetches: [TF_Output]
    /// Why no request can run this signature, if so.
    let inputRefusal: ServingError?
    /// For each output, why no request can ask for it, if so.
    private let outputRefusals: [ServingError?]
    private let hasOutputRefusals: Bool
    private let selections = Mutex<Set<[Int]>>([])

    /// TensorFlow prepares an executor for each set of outputs it is ever asked for, and keeps it.
    static let maximumSelections = 32

    /// - Throws: `INVALID_ARGUMENT` when a tensor of the signature is not in the graph.
    init(name: String, definition: SignatureDefinition, session: TensorFlowSession) throws(ServingError) {
        let inputs = try Self.bind(definition.inputs, "input", of: name, session)
        let outputs = try Self.bind(definition.outputs, "output", of: name, session)
        var parameters = inputs.map(\.parameter)
        for index in parameters.indices {
            guard let value = definition.defaults[parameters[index].name] else { continue }
            do throws(ServingError) {
                parameters[index].defaultValue = try DefaultValue.decode(value)
            } catch {
                throw ServingError(
                    error.code,
                    "Signature \"\(name)\": the default of input \"\(parameters[index].name)\": \(error.message)"
                )
            }
        }
        signature = Signature(
            name: name,
            methodName: definition.methodName,
            inputs: parameters,
            outputs: outputs.map(\.parameter),
            definition: definition.serialized
        )
        feeds = inputs.map(\.tensor)
        fetches = outputs.map(\.tensor)
        inputRefusal = inputs.lazy.compactMap(\.refusal).first
        outputRefusals = outputs.map(\.refusal)
        hasOutputRefusals = outputRefusals.contains { $0 != nil }
    }

    /// Which outputs to run for a request that asks for `outputs`; `nil` when these are all of them, in order.
    ///
    /// Always in order, and all of them once clients have asked for many different sets: every new list costs
    /// TensorFlow memory for the rest of the model's life, and who asks must not be able to use that up.
    ///
    /// - Throws: `UNIMPLEMENTED` when one is of a kind that answers cannot carry.
    func selection(for outputs: [Int]) throws(ServingError) -> [Int]? {
        if hasOutputRefusals {
            for output in outputs { if let refusal = outputRefusals[output] { throw refusal } }
        }
        if outputs.count == fetches.count, outputs.indices.allSatisfy({ outputs[$0] == $0 }) { return nil }
        let wanted = Set(outputs).sorted()
        let isKnown = selections.withLock { selections in
            if selections.contains(wanted) { return true }
            guard selections.count < Self.maximumSelections else { return false }
            selections.insert(wanted)
            return true
        }
        return isKnown ? wanted : fetches.indices.filter { outputRefusals[$0] == nil }
    }

    private typealias Bound = (parameter: Signature.Parameter, tensor: TF_Output, refusal: ServingError?)

    /// Sorted by name, as `Signature` sorts its parameters.
    private static func bind(
        _ infos: [String: SignatureDefinition.TensorInfo],
        _ role: String,
        of signature: String,
        _ session: TensorFlowSession
    ) throws(ServingError) -> [Bound] {
        try infos.sorted { $0.key < $1.key }.map { (alias, info) throws(ServingError) in
            let subject = "Signature \"\(signature)\": \(role) \"\(alias)\""
            var parameter = Signature.Parameter(name: alias, elementType: nil, shape: info.shape, tensorName: "")
            guard case .tensor(let tensorName) = info.encoding else {
                let refusal = ServingError(.unimplemented, "\(subject) is a composite tensor, which is not supported")
                return (parameter, TF_Output(), refusal)
            }
            parameter.tensorName = tensorName
            guard let tensor = session.output(named: tensorName) else {
                throw .invalidArgument("\(subject) is tensor \"\(tensorName)\", which is not in the graph")
            }
            // A reference type (a TF1 variable) reads as its plain type.
            parameter.elementType = ElementType(rawValue: info.type > 100 ? info.type - 100 : info.type)
            return (parameter, tensor, Self.refusal(parameter, info, tensor, subject))
        }
    }

    /// Why requests cannot carry a parameter, if so.
    private static func refusal(
        _ parameter: Signature.Parameter,
        _ info: SignatureDefinition.TensorInfo,
        _ tensor: TF_Output,
        _ subject: String
    ) -> ServingError? {
        // Initialisation signatures name operations that give nothing; TensorFlow's words for asking them.
        if let operation = tensor.oper, TF_OperationNumOutputs(operation) == 0 {
            return .invalidArgument(
                "Tried to fetch data for '\(parameter.tensorName)', which produces no output.  To run to a node but not "
                    + "fetch any data, pass '\(parameter.tensorName)' as an argument to the 'target_node_names' argument "
                    + "of the Session::Run API."
            )
        }
        guard parameter.elementType == nil else { return nil }
        return ServingError(.unimplemented, "\(subject) is of DataType \(info.type), which requests cannot carry")
    }
}
