import EngineInterface
import EngineTensorFlow
import ModelSignatures
import ServingPrimitives
import Tensors

/// A SavedModel written by hand: operations that no Python of ours knows cannot be written otherwise.
struct GraphFixture {
    enum Attribute {
        case integer(Int)
        case flag(Bool)
        case text(String)
        case type(ElementType)
        case integers([Int])
        case types([ElementType])
        /// A shape of which nothing is known.
        case openShape
        /// A vector of strings.
        case strings([String])

        fileprivate func write(to value: inout ProtobufWriter) {
            switch self {
            case .integer(let number): value.integer(3, number)
            case .flag(let flag): value.bool(5, flag)
            case .text(let text): value.string(2, text)
            case .type(let type): value.integer(6, Int(type.rawValue))
            case .integers(let numbers): value.message(1) { for number in numbers { $0.integer(3, number) } }
            case .types(let types): value.message(1) { for type in types { $0.integer(6, Int(type.rawValue)) } }
            case .openShape: value.message(7) { $0.bool(3, true) }
            case .strings(let strings):
                value.message(8) {  // TensorProto
                    $0.integer(1, Int(ElementType.string.rawValue))
                    $0.message(2) { $0.message(2) { $0.integer(1, strings.count) } }
                    for string in strings { $0.string(8, string) }
                }
            }
        }
    }

    private var nodes = ProtobufWriter()
    private var collections = ProtobufWriter()
    private var signatures = ProtobufWriter()
    private var assets = ProtobufWriter()

    init() {}

    /// - Parameter inputs: names of nodes, or `node:output`.
    mutating func node(
        _ name: String,
        _ operation: String,
        _ inputs: [String] = [],
        _ attributes: [String: Attribute] = [:]
    ) {
        nodes.message(1) {
            $0.string(1, name)
            $0.string(2, operation)
            for input in inputs { $0.string(3, input) }
            for (key, attribute) in attributes {
                $0.message(5) {
                    $0.string(1, key)
                    $0.message(2) { attribute.write(to: &$0) }
                }
            }
        }
    }

    mutating func placeholders(_ names: [String], _ type: ElementType) {
        for name in names { node(name, "Placeholder", [], ["dtype": .type(type), "shape": .openShape]) }
    }

    mutating func strings(_ name: String, _ values: [String]) {
        node(name, "Const", [], ["dtype": .type(.string), "value": .strings(values)])
    }

    /// Has a node run when the model is loaded.
    mutating func initialisation(_ node: String) {
        collections.message(4) {
            $0.string(1, "saved_model_main_op")
            $0.message(2) { $0.message(1) { $0.string(1, node) } }
        }
    }

    /// Has the constant be the path of that file of the folder of assets.
    mutating func asset(_ constant: String, _ file: String) {
        strings(constant, [file])
        assets.message(6) {
            $0.message(1) { $0.string(1, "\(constant):0") }
            $0.string(2, file)
        }
    }

    /// - Parameters: tensors by the names that callers use.
    mutating func signature(
        _ name: String = "serving_default",
        inputs: [String: (tensor: String, type: ElementType)],
        outputs: [String: (tensor: String, type: ElementType)]
    ) {
        func write(_ field: Int, _ tensors: [String: (tensor: String, type: ElementType)], _ to: inout ProtobufWriter) {
            for (alias, info) in tensors {
                to.message(field) {
                    $0.string(1, alias)
                    $0.message(2) {
                        $0.string(1, info.tensor)
                        $0.integer(2, Int(info.type.rawValue))
                        $0.message(3) { $0.bool(3, true) }
                    }
                }
            }
        }
        signatures.message(5) {
            $0.string(1, name)
            $0.message(2) {
                write(1, inputs, &$0)
                write(2, outputs, &$0)
                $0.string(3, "tensorflow/serving/predict")
            }
        }
    }

    /// The serialized `tensorflow.SavedModel`.
    var savedModel: [UInt8] {
        var model = ProtobufWriter()
        model.integer(1, 1)
        model.message(2) {
            $0.message(1) { $0.string(4, "serve") }
            $0.message(2) {
                $0.append(nodes.bytes)
                $0.message(4) { $0.integer(1, 1882) }  // versions.producer
            }
            $0.append(collections.bytes)
            $0.append(signatures.bytes)
            $0.append(assets.bytes)
        }
        return model.bytes
    }

    func load(
        asking predictor: (any RemotePredicting)? = nil,
        keeper: (any EmbeddingTableKeeping)? = nil,
        device: String? = nil
    ) throws -> any LoadedModel {
        let folder = try ModelCopy(of: nil)
        try folder.write(savedModel, to: "saved_model.pb")
        var request = LoadRequest(path: folder.path, remotePredictor: predictor)
        request.tableKeeper = keeper
        request.device = device.flatMap { DeviceName($0) }
        return try TensorFlowEngine().load(request)
    }
}

extension Tensor {
    static func integers(_ values: [Int64]) -> Tensor {
        // As many scalars as the shape says.
        try! Tensor(.int64, .vector(values.count), scalars: values)
    }
}

extension LoadedModel {
    /// Runs the only signature over int64 vectors, and gives int64 outputs.
    func integers(_ inputs: [String: [Int64]]) throws(ServingError) -> [String: [Int64]] {
        try answer(inputs.mapValues { Tensor.integers($0) }).mapValues { $0.scalars(as: Int64.self) }
    }
}
