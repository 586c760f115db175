import EngineInterface
import EngineTensorFlow
import ServingPrimitives
import Tensors
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

@Suite struct LoadTests {
    private let engine = TensorFlowEngine()

    private func refusal(_ path: String, tags: [String] = ["serve"]) throws -> ServingError {
        try #require(throws: ServingError.self) { _ = try engine.load(LoadRequest(path: path, tags: tags)) }
    }

    @Test func `a folder without a model is refused in TensorFlow Serving's words`() throws {
        let folder = try ModelCopy(of: nil)
        #expect(
            try refusal(folder.path)
                == .notFound(
                    "Specified file path does not appear to contain a SavedModel bundle (should have a file called "
                        + "`saved_model.pb`)\nSpecified file path: \(folder.path)"
                )
        )
        #expect(try refusal("/nowhere/at/all").code == .notFound)
    }

    @Test func `a session bundle is refused`() throws {
        let folder = try ModelCopy(of: nil)
        try folder.write([], to: "export.meta")
        #expect(try refusal(folder.path).code == .unimplemented)
    }

    @Test func `tags choose the graph, and must be exactly those of one`() throws {
        let path = try TestModels.path("unusual_signatures")
        let other = try engine.load(LoadRequest(path: path, tags: ["other", "serve"]))
        #expect(other.signatures.map(\.name) == ["other"])
        let error = try refusal(path, tags: ["nothing"])
        #expect(error.code == .notFound)
        #expect(error.message.contains("Could not find meta graph def matching supplied tags: { nothing }"))
        #expect(try refusal(path, tags: []).code == .notFound)
    }

    @Test func `a signature that does not fit its graph is named`() throws {
        let error = try refusal(TestModels.path("broken_signature"))
        #expect(
            error
                == .invalidArgument(
                    "Signature \"serving_default\": output \"y\" is tensor \"nowhere:0\", which is not in the graph"
                )
        )
    }

    @Test func `missing variables are an error that says so`() throws {
        let copy = try ModelCopy(of: "perceptron")
        try copy.remove("variables/variables.index")
        let error = try refusal(copy.path)
        #expect(error.code != .ok)
        #expect(error.message.contains("variables"))
    }

    @Test(arguments: [0, 1, 1000, 100_000])
    func `truncated variables are an error that says so`(length: Int) throws {
        let copy = try ModelCopy(of: "perceptron")
        let name = "variables/variables.data-00000-of-00001"
        try copy.write(Array(copy.read(name).prefix(length)), to: name)
        #expect(try refusal(copy.path).message.isEmpty == false)
    }

    @Test func `a changed variable is noticed`() throws {
        let copy = try ModelCopy(of: "perceptron")
        let name = "variables/variables.data-00000-of-00001"
        var bytes = try copy.read(name)
        bytes[bytes.count / 2] ^= 1
        try copy.write(bytes, to: name)
        #expect(try refusal(copy.path).code == .dataLoss)
    }

    /// In a process of its own, as a crash of TensorFlow's would take all tests with it.
    @Test func `damaged model files are errors`() async {
        await #expect(processExitsWith: .success) {
            for name in ["half_plus_two", "half_plus_two_tf2"] {
                let copy = try ModelCopy(of: name)
                let whole = try copy.read("saved_model.pb")
                let parts = [0, 1, 2, whole.count / 4, whole.count / 2, whole.count - 1].map { Array(whole.prefix($0)) }
                for bytes in parts + [[UInt8](repeating: 0xFF, count: 100), Array("not a model".utf8)] {
                    try copy.write(bytes, to: "saved_model.pb")
                    let error = try #require(throws: ServingError.self) {
                        _ = try TensorFlowEngine().load(LoadRequest(path: copy.path))
                    }
                    #expect(error.message.isEmpty == false)
                }
            }
        }
    }

    @Test func `a failed load leaves others serving`() throws {
        let model = try TestModels.load("half_plus_two")
        _ = try refusal(TestModels.path("broken_signature"))
        #expect(try model.answer(["x": .floats([2])])["y"]?.scalars(as: Float.self) == [3])
    }

    @Test func `models load side by side`() async throws {
        try await withThrowingTaskGroup { group in
            for name in ["half_plus_two", "half_plus_two_tf2", "strings", "loop"] {
                group.addTask { _ = try TestModels.load(name) }
            }
            try await group.waitForAll()
        }
    }
}

/// A folder of its own with a copy of a test model, to be damaged; gone with its last use.
final class ModelCopy {
    let path: String

    /// - Parameter model: `nil` for an empty folder.
    init(of model: String?) throws {
        var template = Array("/tmp/apus-model-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw ServingError.internalError("no temporary folder: error \(errno)") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard let model else { return }
        let source = try TestModels.path(model)
        guard system("cp -r '\(source)/.' '\(path)/'") == 0 else {
            throw ServingError.internalError("cannot copy \(source)")
        }
    }

    deinit { _ = system("rm -r '\(path)'") }

    func read(_ name: String) throws -> [UInt8] { try fileContents("\(path)/\(name)") }

    func write(_ bytes: [UInt8], to name: String) throws {
        if let slash = name.lastIndex(of: "/") { mkdir("\(path)/\(name[..<slash])", 0o755) }
        let file = open("\(path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        guard file >= 0 else { throw ServingError.notFound("\(path)/\(name)") }
        defer { close(file) }
        guard Glibc.write(file, bytes, bytes.count) == bytes.count else {
            throw ServingError.internalError("disk full")
        }
    }

    func remove(_ name: String) throws {
        guard unlink("\(path)/\(name)") == 0 else { throw ServingError.notFound("\(path)/\(name)") }
    }
}

func fileContents(_ path: String) throws -> [UInt8] {
    let file = open(path, O_RDONLY)
    guard file >= 0 else { throw ServingError.notFound(path) }
    defer { close(file) }
    let size = Int(lseek(file, 0, SEEK_END))
    return [UInt8](unsafeUninitializedCapacity: size) { $1 = pread(file, $0.baseAddress, size, 0) }
}

/// Names of the files in a folder, without hidden ones.
func fileNames(in folder: String) -> [String] {
    var found = glob_t()
    defer { globfree(&found) }
    guard glob("\(folder)/*", 0, nil, &found) == 0, let paths = found.gl_pathv else { return [] }
    return (0..<Int(found.gl_pathc)).compactMap { paths[$0] }.map {
        String(String(cString: $0).dropFirst(folder.count + 1))
    }
}
