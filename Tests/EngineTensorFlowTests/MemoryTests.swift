import EngineInterface
import ServingPrimitives
import Synchronization
import Tensors
import Testing

@testable import EngineTensorFlow

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

@Suite struct MemoryTests {
    static func echoModel() throws -> TensorFlowModel {
        try TensorFlowEngine().loadModel(LoadRequest(path: TestModels.path("all_types")))
    }

    @Test func `aligned memory is used in place`() throws {
        let model = try Self.echoModel()
        let input = try OffsetMemory.tensor(.float32, .vector(1000), offset: 0) { UInt8(truncatingIfNeeded: $0) }
        let output = try #require(model.answer(["x": input], signature: "float32")["y"])
        #expect(model.copiedInputBytes == 0)
        // The model only passes the tensor on: what comes out is the memory that went in.
        #expect(output.address == input.address)
    }

    @Test(arguments: [1, 4, 16, 63])
    func `other memory is copied once`(offset: Int) throws {
        let model = try Self.echoModel()
        let input = try OffsetMemory.tensor(.float32, .vector(1000), offset: offset) { UInt8(truncatingIfNeeded: $0) }
        let output = try #require(model.answer(["x": input], signature: "float32")["y"])
        #expect(model.copiedInputBytes == 4000)
        #expect(output.address != input.address)
        #expect(output.address % 64 == 0)
        #expect(output.content == input.content)
    }

    @Test func `strings are copied once`() throws {
        let model = try Self.echoModel()
        _ = try model.answer(["x": .strings(["1234567890", "", "x"])], signature: "string")
        #expect(model.copiedInputBytes == 11)
    }

    @Test(arguments: [0, 4])
    func `an input is kept as long as an output uses it, and no longer`(offset: Int) throws {
        let freed = Flag()
        let model = try Self.echoModel()
        var output: Tensor?
        do {
            let input = try OffsetMemory.tensor(
                .float32,
                .vector(64),
                offset: offset,
                onFree: { freed.set() },
                byte: { UInt8($0) }
            )
            output = try model.answer(["x": input], signature: "float32")["y"]
        }
        // Copied inputs can go at once; an output that aliases an input holds it.
        #expect(freed.isSet == (offset != 0))
        #expect(output?.content == (0..<256).map { UInt8($0) })
        output = nil
        #expect(freed.isSet)
    }

    @Test func `outputs outlive the model`() throws {
        let model = try TestModels.load("half_plus_two")
        let output = try #require(model.answer(["x": .floats([1, 2])])["y"])
        let text = try #require(model.answer([:], signature: "asset")["text"])
        model.close()
        #expect(output.scalars(as: Float.self) == [2.5, 3])
        #expect(text.stringValues() == [Array("hello from half_plus_two\n".utf8)])
    }

    /// In a process of its own: the tests beside it use memory, too.
    @Test func `runs leave nothing behind`() async {
        await #expect(processExitsWith: .success) {
            let numbers = try TestModels.load("half_plus_two")
            let words = try TestModels.load("strings")
            func run() throws {
                for _ in 0..<3000 {
                    _ = try numbers.answer(["x": .floats([Float](repeating: 1, count: 100))])
                    _ = try numbers.answer(["x": try OffsetMemory.tensor(.float32, .vector(100), offset: 4) { _ in 0 }])
                    _ = try words.answer(["text": .strings([String(repeating: "x", count: 1000), "y"])])
                    _ = try? numbers.answer(["x": .strings(["wrong"])])
                }
            }
            try run()
            let before = residentBytes()
            try run()
            try run()
            // One of the four kinds of run leaking would make 600 kB or more.
            #expect(residentBytes() - before < 400_000)
        }
    }

    @Test func `unloading gives the memory back`() async {
        await #expect(processExitsWith: .success) {
            func cycle() throws -> (loaded: Int, unloaded: Int) {
                let model = try TestModels.load("big_variables")
                let row = try Tensor(.int64, .vector(1), scalars: [7])
                _ = try model.answer(["row": row])
                let loaded = residentBytes()
                model.close()
                return (loaded, residentBytes())
            }
            let first = try cycle()
            // The meter works: 100 MiB of variables are there, and then gone.
            #expect(first.loaded - first.unloaded > 95 << 20)
            for _ in 0..<5 {
                let next = try cycle()
                #expect(next.unloaded - first.unloaded < 8 << 20)
            }
        }
    }
}

/// Set once, from any thread.
private final class Flag: Sendable {
    private let value = Atomic<Bool>(false)

    var isSet: Bool { value.load(ordering: .acquiring) }

    func set() { value.store(true, ordering: .releasing) }
}

/// Memory that belongs to this process alone, in bytes.
func residentBytes() -> Int {
    guard let file = fopen("/proc/self/status", "r") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, 256, file) != nil {
        let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard text.hasPrefix("RssAnon:") else { continue }
        return (Int(text.filter(\.isNumber)) ?? 0) << 10
    }
    return 0
}
