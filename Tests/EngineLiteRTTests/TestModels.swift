import EngineInterface
import ServingPrimitives
import Tensors
import Testing

@testable import EngineLiteRT

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The TFLite models that `scripts/setup` writes: below `$APUS_MODELS_DIR`, or in `.models` of the package.
enum TestModels {
    /// Whether models can be run here.
    static let canRun: Bool = {
        do {
            _ = try LiteRTLibrary.open(at: nil)
            return true
        } catch {
            print("LiteRT tests that run models are skipped: \(error)")
            return false
        }
    }()

    static let needsLibrary = ConditionTrait.enabled(if: canRun, "libLiteRt.so is missing; run scripts/setup litert")

    private static let root: String = {
        if let given = getenv("APUS_MODELS_DIR") { return String(cString: given) }
        // Tests/EngineLiteRTTests/TestModels.swift
        return #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
            + "/.models"
    }()

    /// The folder of version 1 of a model.
    static func path(_ name: String) throws(ServingError) -> String {
        let path = "\(root)/\(name)/1"
        guard access(path, R_OK) == 0 else {
            throw .notFound("the test model \(path) is missing; run scripts/setup, or scripts/make-models \(name)")
        }
        return path
    }

    static func load(
        _ name: String,
        options: LiteRTOptions = LiteRTOptions()
    ) throws(ServingError) -> any LoadedModel {
        try LiteRTEngine(options: options).load(LoadRequest(path: path(name)))
    }

    /// The bytes of a model's file.
    static func content(_ name: String) throws -> [UInt8] {
        let bytes = try ModelBytes(readingFileAt: path(name) + "/model.tflite")
        defer { withExtendedLifetime(bytes) {} }
        return Array(bytes.content)
    }

    /// Loads `content` as a model's file.
    static func load(content: some Collection<UInt8>) throws -> any LoadedModel {
        var folder = Array("/tmp/apus-tflite-XXXXXX".utf8CString)
        _ = try #require(mkdtemp(&folder))
        let path = String(decoding: folder.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer {
            unlink("\(path)/model.tflite")
            rmdir(path)
        }
        let file = open("\(path)/model.tflite", O_CREAT | O_WRONLY, 0o600)
        defer { close(file) }
        try #require(Array(content).withUnsafeBytes { write(file, $0.baseAddress, $0.count) } == content.count)
        return try LiteRTEngine().load(LoadRequest(path: path))
    }
}

extension LoadedModel {
    /// Runs a signature by the names of its tensors; outputs `nil` means all.
    func answer(
        _ inputs: [String: Tensor],
        signature: String = "serving_default",
        outputs: [String]? = nil,
        deadline: Deadline = .never
    ) throws(ServingError) -> [String: Tensor] {
        guard let index = signatures.firstIndex(where: { $0.name == signature }) else {
            throw .notFound("no signature \(signature) among \(signatures.map(\.name))")
        }
        let signature = signatures[index]
        let names = outputs ?? signature.outputs.map(\.name)
        let request = RunRequest(
            signature: index,
            inputs: signature.inputs.compactMap { inputs[$0.name] },
            outputs: names.compactMap { name in signature.outputs.firstIndex { $0.name == name } },
            deadline: deadline
        )
        return Dictionary(uniqueKeysWithValues: zip(names, try run(request)))
    }
}

extension Tensor {
    static func floats(_ values: [Float], _ shape: [Int]? = nil) throws -> Tensor {
        try Tensor(.float32, TensorShape(shape ?? [values.count]), scalars: values)
    }

    static func strings(_ values: [String], _ shape: [Int]? = nil) throws -> Tensor {
        try Tensor(TensorShape(shape ?? [values.count]), strings: values.map { Array($0.utf8) })
    }

    var floats: [Float] { scalars(as: Float.self) }
    var texts: [String] { stringValues().map { String(decoding: $0, as: UTF8.self) } }
}
