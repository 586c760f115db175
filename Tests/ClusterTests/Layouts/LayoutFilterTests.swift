import Cluster
import Foundation
import ServingPrimitives
import Testing

@Suite struct LayoutFilterTests {
    private static let subGraphs = ["entry", "entry_item_embedding_0", "ps_0", "ps_1", "ps_2", "ps_3"]

    @Test(
        arguments: [
            ([], ["entry", "entry_item_embedding_0", "ps_0", "ps_1", "ps_2", "ps_3"]),
            (["entry; True", "ps_{i}; True"], ["entry", "ps_0", "ps_1", "ps_2", "ps_3"]),
            // The two machines of Monolith's document.
            (["entry; True", "ps_{i}; i % 2 == 1"], ["entry", "ps_1", "ps_3"]),
            (["ps_{i}; i % 2 == 0"], ["ps_0", "ps_2"]),
            (["ps_{i}; i % ${shard_num} == ${shard_id}"], ["ps_1"]), (["ps_0", "ps_3"], ["ps_0", "ps_3"]),
            (["ps_{i} ; False", "ps_1; True"], ["ps_1"]), (["ps_${shard_id}; True"], ["ps_1"]),
            (["entry;"], nil), (["nothing; True"], []), (["ps_{i}; i in [0, 3]"], ["ps_0", "ps_3"]),
        ] as [([String], [String]?)]
    )
    func `filters pick sub-graphs`(_ texts: [String], _ selected: [String]?) throws {
        let context = ShardContext(shardID: 1, shardCount: 3)
        guard let selected else {
            #expect(throws: ServingError.self) { try filters(texts, context) }
            return
        }
        let found = try filters(texts, context).select(Self.subGraphs) { $0 }
        #expect(found == selected)
    }

    @Test func `patterns take names that begin with them where that is wanted`() throws {
        let filters = try filters(["entry; True"], matchesBeginnings: true)
        #expect(try filters.select(Self.subGraphs) { $0 } == ["entry", "entry_item_embedding_0"])
    }

    @Test func `a container without a number is the first`() throws {
        #expect(try filters(["ps_{i}; i % ${shard_num} == ${shard_id}"]).select(Self.subGraphs) { $0 }.count == 4)
        #expect(ShardContext(shardID: -1, shardCount: 0) == ShardContext(shardID: 0, shardCount: 1))
    }

    @Test func `all that is wrong with filters is told, with file and line`() throws {
        let texts = [
            "ps_{i}; j == 0", "ps_{i}; i %% 2", "ps_(; True", "; True", "ps_${shards}; True", "entry; i",
            "entry; 1 $ 2",
        ]
        let error = #expect(throws: ServingError.self) { try filters(texts) }
        #expect(error?.code == .invalidArgument)
        #expect(
            error?.message.components(separatedBy: "; /c/") == [
                "/c/a.conf:1: layout_filters \"ps_{i}; j == 0\": the condition asks for j, and the pattern has only i",
                "a.conf:2: layout_filters \"ps_{i}; i %% 2\": the condition \"i %% 2\": \"%\" is not expected in it",
                "a.conf:3: layout_filters \"ps_(; True\": the pattern \"ps_(\": a \"(\" in it is not closed",
                "a.conf:4: layout_filters \"; True\": there is no pattern; expected PATTERN; CONDITION",
                "a.conf:5: layout_filters \"ps_${shards}; True\": of ${...} only ${shard_id} and ${shard_num} are known",
                "a.conf:6: layout_filters \"entry; i\": the condition asks for i, and the pattern has no {name}",
                "a.conf:7: layout_filters \"entry; 1 $ 2\": the condition \"1 $ 2\": \"$\" is not expected in it",
            ]
        )
    }

    @Test func `a condition without a value is told with the name that it was asked about`() throws {
        let filters = try filters(["entry; True", "ps_{i}; 6 // i == 2"])
        #expect(try filters.accepts("entry"))
        #expect(try filters.accepts("ps_3"))
        let error = #expect(throws: ServingError.self) { try filters.accepts("ps_0") }
        #expect(
            error?.message
                == "/c/a.conf:2: layout_filters \"ps_{i}; 6 // i == 2\": the condition has no value for ps_0: it divides by 0"
        )
    }

    @Test func `there are not too many`() {
        #expect(throws: ServingError.self) { try filters(Array(repeating: "entry", count: 1001)) }
    }
}
