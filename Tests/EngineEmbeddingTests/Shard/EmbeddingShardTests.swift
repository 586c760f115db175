import EmbeddingDump
import EngineInterface
import ServingPrimitives
import Synchronization
import Tensors
import Testing

@testable import EngineEmbedding

@Suite struct EmbeddingShardTests {
    private let fixture = ShardFixture()

    private func refusal(_ body: () throws -> Void) -> ServingError? {
        do {
            try body()
            return nil
        } catch {
            return error as? ServingError
        }
    }

    // MARK: - Looking up

    @Test func `rows are looked up by table, and ids without a row are zeros`() throws {
        try fixture.writeMulti()
        let shard = try fixture.load()
        let rows = try shard.call("lookup", ["item": .ids([2, 77, -9]), "user": .ids([1])])
        #expect(rows["item"]?.floats == [3, 4, 0, 0, 5, 6])
        #expect(rows["item"]?.shape.dimensions == [3, 2])
        #expect(rows["user"]?.floats == [7, 8, 9])
    }

    @Test func `only the outputs that are asked for are computed, in their order`() throws {
        try fixture.writeMulti()
        let shard = try fixture.load()
        let number = try #require(shard.signatures.firstIndex { $0.name == "lookup" })
        let outputs = try shard.run(
            RunRequest(signature: number, inputs: [.ids([1]), .ids([4])], outputs: [1])
        )
        #expect(outputs.count == 1 && outputs[0].floats == [1, 1, 1])
    }

    @Test func `rows of all tables come table by table`() throws {
        try fixture.writeMulti()
        let shard = try fixture.load()
        let rows = try shard.call("raw_lookup", ["id": .ids([2, 1, 1]), "id_split": .ids([0, 2, 3])])
        #expect(rows["flat_emb"]?.floats == [3, 4, 1, 2, 7, 8, 9])
        let none = try shard.call("raw_lookup", ["id": .ids([]), "id_split": .ids([0, 0, 0])])
        #expect(none["flat_emb"]?.floats == [])
    }

    @Test func `several requests in one are answered one behind the other`() throws {
        try fixture.writeMulti()
        let shard = try fixture.load()
        // Items 1, users 4; items -9 and 2, users none.
        let rows = try shard.call("raw_lookup", ["id": .ids([1, 4, -9, 2]), "id_split": .ids([0, 1, 2, 4, 4])])
        #expect(rows["flat_emb"]?.floats == [1, 2, 1, 1, 1, 5, 6, 3, 4])
    }

    @Test(
        arguments: [
            ([0, 3], "id_split must be 3. Current: 2"), ([0, 1, 2, 3], "id_split must be 3. Current: 4"),
            ([], "id_split must be 3. Current: 0"), ([0, 1, 4], "expected 0 to 3"), ([1, 1, 3], "expected 0 to 3"),
            ([0, 9, 3], "must not fall"), ([0, -1, 3], "must not fall"),
        ] as [([Int64], String)]
    )
    func `splits that are none are refused`(splits: [Int64], reason: String) throws {
        try fixture.writeMulti()
        let shard = try fixture.load()
        let error = refusal { _ = try shard.call("raw_lookup", ["id": .ids([1, 2, 3]), "id_split": .ids(splits)]) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains(reason) == true, "\(String(describing: error))")
    }

    @Test func `other types and ranks are refused`() throws {
        try fixture.writeMulti()
        let shard = try fixture.load()
        let square = try Tensor(.int64, TensorShape([1, 1]), scalars: [Int64(1)])
        for wrong in [square, try .numbers([1])] {
            let error = refusal { _ = try shard.call("lookup", ["item": wrong, "user": .ids([])]) }
            #expect(error?.code == .invalidArgument)
            #expect(error?.message.contains("input item of signature lookup") == true)
        }
    }

    @Test func `ids anywhere in memory are read`() throws {
        try fixture.writeMulti()
        let shard = try fixture.load()
        // As in a message, at an odd address.
        var bytes: [UInt8] = [0]
        for id: Int64 in [2, 1] { withUnsafeBytes(of: id.littleEndian) { bytes += $0 } }
        final class Owner {
            let memory: UnsafeMutableRawBufferPointer
            init(_ bytes: [UInt8]) {
                memory = .allocate(byteCount: bytes.count, alignment: 8)
                memory.copyBytes(from: bytes)
            }
            deinit { memory.deallocate() }
        }
        let owner = Owner(bytes)
        let ids = try Tensor(
            .int64,
            .vector(2),
            bytes: UnsafeRawBufferPointer(rebasing: owner.memory[1...]),
            owner: owner
        )
        #expect(try shard.call("lookup", ["item": ids, "user": .ids([])])["item"]?.floats == [3, 4, 1, 2])
    }

    // MARK: - Assigning

    @Test func `pushed rows are served, with the time at which they came`() throws {
        try fixture.writeMulti()
        let shard = try fixture.load()
        let before = UInt32(clamping: currentSeconds())
        let result = try shard.call(
            "\(ShardFixture.sharedName)/raw_assign",
            ["id": .ids([2, 50, 4]), "id_split": .ids([0, 2, 3]), "flat_value": .numbers([9, 9, 5, 5, 3, 2, 1])]
        )
        #expect(result["result"]?.scalars(as: Int32.self) == [0])
        let rows = try shard.call("lookup", ["item": .ids([1, 2, 50]), "user": .ids([4])])
        #expect(rows["item"]?.floats == [1, 2, 9, 9, 5, 5])
        #expect(rows["user"]?.floats == [3, 2, 1])
        let statistics = try #require(shard as? EmbeddingShard).statistics
        #expect(statistics.allSatisfy { $0.lastUpdate >= before })
    }

    @Test(
        arguments: [
            ([2, 50], [0, 1, 2], [9, 9], "need 5"), ([2, 50], [0, 1, 2], [9, 9, 9, 9, 9, 9], "need 5"),
            ([2, 50], [0, 2], [9, 9, 9, 9], "id_split"),
        ] as [([Int64], [Int64], [Float], String)]
    )
    func `pushes of a wrong width are refused whole`(
        ids: [Int64],
        splits: [Int64],
        values: [Float],
        reason: String
    ) throws {
        try fixture.writeMulti()
        let shard = try fixture.load()
        let error = refusal {
            _ = try shard.call(
                "\(ShardFixture.sharedName)/raw_assign",
                ["id": .ids(ids), "id_split": .ids(splits), "flat_value": .numbers(values)]
            )
        }
        #expect(error?.code == .invalidArgument && error?.message.contains(reason) == true)
        #expect(try shard.call("lookup", ["item": .ids([2, 50]), "user": .ids([])])["item"]?.floats == [3, 4, 0, 0])
    }

    private static let first = ShardFixture.Table(name: "b", dimension: 2, rows: [1: [1, 2]])
    private static let second = ShardFixture.Table(name: "a", dimension: 1, rows: [1: [5], 2: [0]], skipsZeros: true)

    private func writePlain() throws {
        try fixture.dump("\(fixture.assets)/MonolithHashTable_x_0", [Self.first], .plain)
        try fixture.dump("\(fixture.assets)/MonolithHashTable_y_0", [Self.second], .plain, shardCount: 1)
        let tables = [Self.first, Self.second]
        try fixture.writeGraph(
            [ShardFixture.node("ASSET_BASE", "Const", constant: Array("./".utf8))]
                + ShardFixture.plain(Self.first, prefix: "MonolithHashTable_x_0")
                + ShardFixture.plain(Self.second, prefix: "MonolithHashTable_y_0"),
            ["lookup": ShardFixture.lookup(tables), "hashtable_assign": ShardFixture.assign(tables)]
        )
    }

    @Test func `plain tables are looked up and changed by their names`() throws {
        try writePlain()
        let shard = try fixture.load()
        #expect(try shard.call("lookup", ["a": .ids([1, 2]), "b": .ids([1])])["a"]?.floats == [5, 0])
        let statistics = try #require(shard as? EmbeddingShard).statistics
        // A row of zeros is not kept.
        #expect(statistics.map(\.rows) == [1, 1])
        let result = try shard.call(
            "hashtable_assign",
            [
                "a_id": .ids([2, 3]), "a_value": .rows([[6], [7]]), "b_id": .ids([]),
                "b_value": Tensor(.float32, TensorShape([0, 2]), scalars: [Float]()),
            ]
        )
        #expect(result["a_result"]?.scalars(as: Int32.self) == [2])
        #expect(result["b_result"]?.scalars(as: Int32.self) == [0])
        let rows = try shard.call("lookup", ["a": .ids([1, 2, 3]), "b": .ids([1])])
        #expect(rows["a"]?.floats == [5, 6, 7] && rows["b"]?.floats == [1, 2])
    }

    @Test func `a push to several tables is refused whole when one does not fit`() throws {
        try writePlain()
        let shard = try fixture.load()
        for wrong in [[[Float(1), 1, 1]], [[1, 1], [2, 2]]] {
            let error = refusal {
                _ = try shard.call(
                    "hashtable_assign",
                    ["a_id": .ids([1]), "a_value": .rows([[9]]), "b_id": .ids([1]), "b_value": .rows(wrong)]
                )
            }
            #expect(error?.code == .invalidArgument)
        }
        #expect(try shard.call("lookup", ["a": .ids([1]), "b": .ids([1])])["a"]?.floats == [5])
    }

    @Test func `rows beyond the bytes for pushes are refused with an error that says so`() throws {
        try fixture.writeMulti()
        let shard = try fixture.load()
        let count = 100_000
        let ids = (0..<Int64(count)).map { 1_000 + $0 }
        let error = refusal {
            _ = try shard.call(
                "\(ShardFixture.sharedName)/raw_assign",
                [
                    "id": .ids(ids), "id_split": .ids([0, Int64(count), Int64(count)]),
                    "flat_value": .numbers([Float](repeating: 1, count: 2 * count)),
                ]
            )
        }
        #expect(error?.code == .resourceExhausted && error?.message.contains("table item") == true)
        // Old ids can still be changed.
        _ = try shard.call(
            "\(ShardFixture.sharedName)/raw_assign",
            ["id": .ids([1]), "id_split": .ids([0, 1, 1]), "flat_value": .numbers([8, 8])]
        )
        #expect(try shard.call("lookup", ["item": .ids([1]), "user": .ids([])])["item"]?.floats == [8, 8])
    }
}
