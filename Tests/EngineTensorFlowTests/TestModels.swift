import EngineInterface
import EngineTensorFlow
import ServingPrimitives
import Tensors

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The models that `scripts/setup` writes: below `$APUS_MODELS_DIR`, or in `.models` of the package.
enum TestModels {
    static let root: String = {
        if let given = getenv("APUS_MODELS_DIR") { return String(cString: given) }
        // Tests/EngineTensorFlowTests/TestModels.swift
        return #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
            + "/.models"
    }()

    /// The folder of version 1 of a model.
    ///
    /// - Throws: how to get it when it is not there. A test that cannot run is not a test that passed.
    static func path(_ name: String) throws(ServingError) -> String {
        let path = "\(root)/\(name)/1"
        guard access(path, R_OK) == 0 else {
            throw .notFound("the test model \(path) is missing; run scripts/setup, or scripts/make-models \(name)")
        }
        return path
    }

    static func load(
        _ name: String,
        _ engine: TensorFlowEngine = TensorFlowEngine()
    ) throws(ServingError) -> any LoadedModel {
        try engine.load(LoadRequest(path: path(name)))
    }
}

extension LoadedModel {
    func index(of signature: String) throws(ServingError) -> Int {
        guard let index = signatures.firstIndex(where: { $0.name == signature }) else {
            throw .notFound("no signature \(signature) among \(signatures.map(\.name))")
        }
        return index
    }

    /// Runs a signature by the names of its tensors; outputs `nil` means all.
    func answer(
        _ inputs: [String: Tensor],
        signature: String = "serving_default",
        outputs: [String]? = nil,
        deadline: Deadline = .never,
        expectedNanoseconds: UInt64 = 0
    ) throws(ServingError) -> [String: Tensor] {
        let index = try index(of: signature)
        let signature = signatures[index]
        let names = outputs ?? signature.outputs.map(\.name)
        let request = RunRequest(
            signature: index,
            inputs: signature.inputs.compactMap { inputs[$0.name] ?? $0.defaultValue },
            outputs: names.compactMap { name in signature.outputs.firstIndex { $0.name == name } },
            deadline: deadline,
            expectedNanoseconds: expectedNanoseconds
        )
        return Dictionary(uniqueKeysWithValues: zip(names, try run(request)))
    }
}

extension Tensor {
    static func floats(_ values: [Float]) -> Tensor {
        // As many scalars as the shape says.
        try! Tensor(.float32, .vector(values.count), scalars: values)
    }

    static func strings(_ values: [String]) -> Tensor {
        try! Tensor(.vector(values.count), strings: values.map { Array($0.utf8) })
    }

    var address: Int { withUnsafeBytes { Int(bitPattern: $0.baseAddress) } }

    /// The bytes of all elements, those of strings joined.
    var content: [UInt8] {
        elementType == .string ? stringValues().flatMap { $0 } : withUnsafeBytes { Array($0) }
    }
}
