import EngineInterface
import ServingPrimitives
import Testing

@testable import EngineLiteRT

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

@Suite struct HostileFileTests {
    private static let models = ["half_plus_two_tflite", "half_plus_two_tflite_with_sigdef", "tflite_parse_example"]

    /// What our own reader makes of bytes.
    private func read(_ bytes: [UInt8]) throws -> [String] {
        try bytes.withUnsafeBytes { try TFLiteFile.signatureNames(in: $0) }
    }

    @Test(arguments: models) func `a file cut short anywhere is an error or a model, never a crash`(name: String) throws
    {
        let content = try TestModels.content(name)
        for count in 0..<content.count { _ = try? read(Array(content[..<count])) }
        let error = #expect(throws: ServingError.self) { try read(Array(content[..<20])) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.hasPrefix("Cannot build FlatBufferModel from buffer.") == true)
    }

    @Test(arguments: models) func `any byte may be any other`(name: String) throws {
        let content = try TestModels.content(name)
        var changed = content
        for index in content.indices {
            for value: UInt8 in [0, 1, 0x7F, 0x80, 0xFF, content[index] ^ 1] {
                changed[index] = value
                _ = try? read(changed)
            }
            changed[index] = content[index]
        }
    }

    @Test(
        arguments: [
            [], Array("TFL3".utf8), [0xFF, 0xFF, 0xFF, 0xFF] + Array("TFL3".utf8),
            [8, 0, 0, 0] + Array("TFL3".utf8) + [0xFF, 0xFF, 0xFF, 0x7F],
        ] as [[UInt8]]
    )
    func `bytes that are no model are an error that says so`(bytes: [UInt8]) throws {
        let error = #expect(throws: ServingError.self) { try read(bytes) }
        #expect(error?.message.hasPrefix("Cannot build FlatBufferModel from buffer.\n") == true)
    }

    @Test(arguments: [[UInt8]](arrayLiteral: [], [1], [1, 2, 3], [0, 0x25, 1], [200, 0x24, 1], [0, 0, 0, 0x27, 8]))
    func `a FlexBuffer that is no sound map is an error`(bytes: [UInt8]) {
        #expect(throws: FlatBuffer.Malformed.self) {
            try bytes.withUnsafeBytes { _ = try FlexBufferMap($0) }
        }
    }

    @Test func `a signature of a tensor that the model does not have is an error`() throws {
        var content = try TestModels.content("half_plus_two_tflite_with_sigdef")
        // The name is in the signature as x:0; in the graph as x.
        let name = Array("x:0".utf8)
        for start in content.indices.dropLast(3) where Array(content[start..<start + 3]) == name {
            content[start] = 0x7A
        }
        let error = #expect(throws: ServingError.self) { try read(content) }
        #expect(error?.code == .internal)
        #expect(
            error?.message == "Unknown tensor 'z:0'.\n\tSignature input inputs references an unknown tensor"
                || error?.message == "Unknown tensor 'z:0'.\n\tSignature input value references an unknown tensor"
        )
    }

    @Test(TestModels.needsLibrary, arguments: [0, 20, 100, 500, 900])
    func `a damaged model does not load, and says why`(count: Int) throws {
        let content = try TestModels.content("half_plus_two_tflite")
        let error = #expect(throws: ServingError.self) { try TestModels.load(content: content[..<count]) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.hasPrefix("Cannot build FlatBufferModel from buffer.") == true)
    }

    @Test(TestModels.needsLibrary) func `an operation that nobody has is an error that names it`() throws {
        var content = try TestModels.content("tflite_parse_example")
        let name = Array("ParseExampleV2".utf8)
        for start in content.indices where content[start...].starts(with: name) {
            content[start + name.count - 1] = UInt8(ascii: "9")
        }
        let error = #expect(throws: ServingError.self) { try TestModels.load(content: content) }
        #expect(error?.code == .internal)
        #expect(error?.message.hasPrefix("Failed to allocate tensors\n") == true)
        #expect(error?.message.contains("unresolved custom op: ParseExampleV9") == true, "\(error?.message ?? "")")
    }

    /// What LiteRT's own checks let through must not end the process either: one bit of each part of the file.
    @Test(TestModels.needsLibrary) func `a model with a changed bit loads or does not`() throws {
        let content = try TestModels.content("half_plus_two_tflite")
        var changed = content
        for index in stride(from: 0, to: 200, by: 7) {
            changed[index] ^= 0x10
            if let model = try? TestModels.load(content: changed) { model.close() }
            changed[index] = content[index]
        }
    }

    @Test func `inputs of the fuzz target are read`() throws {
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
        let folder = "\(root)/FuzzTesting/Corpus/fuzz-tflite-model"
        let directory = try #require(opendir(folder))
        defer { closedir(directory) }
        var count = 0
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name != ".", name != ".." else { continue }
            let bytes = try ModelBytes(readingFileAt: "\(folder)/\(name)")
            _ = try? TFLiteFile.signatureNames(in: bytes.content)
            withExtendedLifetime(bytes) { count += 1 }
        }
        #expect(count >= 2)
    }

    @Test(TestModels.needsLibrary) func `a missing model is not found`() {
        let error = #expect(throws: ServingError.self) { try LiteRTEngine().load(LoadRequest(path: "/nowhere")) }
        #expect(error?.code == .notFound)
        #expect(error?.message == "/nowhere/model.tflite: No such file or directory")
    }
}
