import EngineInterface
import HTTP2Server
import Inference
import ServingPrimitives
import ServingProtos
import SwiftProtobuf
import Tensors
import Testing
import WireFormat

@testable import HTTPClient
@testable import LoadGeneration

struct RequestFieldsTests {
    @Test(
        arguments: [
            (25_000_000, "25m"), (1_000_000_000, "1S"), (1_500_000, "1500u"), (999, "999n"),
            (100_000_000_001, "100000000u"),
            (123_456_789_123, "123456789u"),
        ] as [(UInt64, String)]
    )
    func `timeouts have at most eight digits`(nanoseconds: UInt64, text: String) {
        let written = RequestFields.grpcTimeout(nanoseconds)
        #expect(written.dropLast().count <= 8)
        // Where the expected text itself is too long the next unit is used.
        if text.dropLast().count <= 8 { #expect(written == text) } else { #expect(written.hasSuffix("m")) }
    }
}

struct ServerAddressTests {
    @Test(arguments: [
        ("127.0.0.1:8500", "127.0.0.1", 8500, true), ("8500", "127.0.0.1", 8500, true),
        (":8500", "127.0.0.1", 8500, true),
        ("[::1]:8500", "::1", 8500, true), ("10.1.2.3:80", "10.1.2.3", 80, false),
    ])
    func `addresses are read`(text: String, host: String, port: Int, isLocal: Bool) throws {
        let address = try ServerAddress(text)
        #expect(address.host == host)
        #expect(address.port == port)
        #expect(address.isLocal == isLocal)
    }

    @Test(arguments: ["", "host", "host:", "host:0", "host:65536", "host:x", "unix:"])
    func `what is no address is refused`(text: String) {
        #expect(throws: ServingError.self) { try ServerAddress(text) }
    }

    @Test(arguments: [
        ("http://127.0.0.1:80/a?b=c", "/a?b=c", 80), ("http://127.0.0.1", "/", 80), ("http://[::1]:8/x", "/x", 8),
        ("http://127.0.0.1:81?q", "/?q", 81),
    ])
    func `URLs are read`(text: String, path: String, port: Int) throws {
        let url = try HTTPURL(text)
        #expect(url.path == path)
        #expect(url.address.port == port)
    }

    @Test(arguments: ["https://127.0.0.1/", "127.0.0.1:80", "http://127.0.0.1/a b", "http://"])
    func `what is no URL is refused`(text: String) {
        #expect(throws: ServingError.self) { try HTTPURL(text) }
    }
}

struct InputRulesTests {
    private func signature(_ type: ElementType, _ shape: [Int]?) -> Signature {
        Signature(
            name: "s",
            methodName: "",
            inputs: [.init(name: "x", elementType: type, shape: shape, tensorName: "x:0")],
            outputs: []
        )
    }

    @Test(
        arguments: [
            ([-1, 3], [2, 3]), ([4], [4]), ([], []), ([-1], [2]),
        ] as [([Int], [Int])]
    )
    func `an open first dimension is the rows`(declared: [Int], made: [Int]) throws {
        var rules = InputRules()
        rules.rows = 2
        #expect(try rules.inputs(signature(.float32, declared), variant: 0)[0].tensor.shape.dimensions == made)
    }

    @Test func `a given shape comes first, an open inner dimension must be given`() throws {
        var rules = InputRules()
        #expect(throws: ServingError.self) { try rules.inputs(signature(.int32, [-1, -1]), variant: 0) }
        rules.shapes["x"] = [5, 200]
        #expect(try rules.inputs(signature(.int32, [-1, -1]), variant: 0)[0].tensor.shape.dimensions == [5, 200])
        rules.shapes["y"] = [1]
        #expect(throws: ServingError.self) { try rules.inputs(signature(.int32, [-1, -1]), variant: 0) }
    }

    @Test func `values are of the seed, the variant and below the limit`() throws {
        var rules = InputRules()
        rules.integerLimit = 7
        rules.shapes["x"] = [1000]
        let first = try rules.inputs(signature(.int32, [-1]), variant: 0)[0].tensor.scalars(as: Int32.self)
        #expect(try rules.inputs(signature(.int32, [-1]), variant: 0)[0].tensor.scalars(as: Int32.self) == first)
        #expect(try rules.inputs(signature(.int32, [-1]), variant: 1)[0].tensor.scalars(as: Int32.self) != first)
        #expect(Set(first) == Set(0..<7))
    }

    @Test(arguments: ElementType.allCases.filter { ![.complex128, .float8E5M2, .float8E4M3FN].contains($0) })
    func `every common type has random values that gRPC carries`(type: ElementType) throws {
        let input = try InputRules().inputs(signature(type, [3]), variant: 0)[0]
        #expect(input.tensor.elementType == type)
        let message = Tensorflow_TensorProto(input.tensor, encoding: .content)
        #expect(try Tensor(message).shape.dimensions == [3])
    }

    @Test func `bodies are what REST takes`() throws {
        let floats = try Tensor(.float32, TensorShape([2, 2]), scalars: [1, 0.5, -2, 3] as [Float])
        let strings = try Tensor(TensorShape([2]), strings: [Array("a\"b".utf8), [0xff]])
        let scalar = try Tensor(.int64, .scalar, scalars: [7] as [Int64])
        func body(_ inputs: [(String, Tensor)], _ signature: String = "") throws -> String {
            String(
                decoding: try JSONBody.predict(inputs.map { .init(name: $0.0, tensor: $0.1) }, signature: signature),
                as: UTF8.self
            )
        }
        #expect(try body([("x", floats)]) == "{\"instances\": [[1.0, 0.5], [-2.0, 3.0]]}")
        #expect(
            try body([("s", strings)], "sig")
                == "{\"signature_name\": \"sig\", \"instances\": [\"a\\\"b\", {\"b64\": \"/w==\"}]}"
        )
        #expect(
            try body([("a", scalar), ("b", floats)]) == "{\"inputs\": {\"a\": 7, \"b\": [[1.0, 0.5], [-2.0, 3.0]]}}"
        )
    }
}

struct AnswerRowsTests {
    private func rows(_ check: AnswerCheck, _ bytes: [UInt8]) -> AnswerRows? {
        bytes.withUnsafeBytes { AnswerRows(check, $0) }
    }

    @Test(
        arguments: [
            ("{\"predictions\": [2.5, 3.0, 4.5]}", 3), ("{\n  \"predictions\" : [ ] }", 0),
            ("{\"predictions\": [[1, 2], [3, 4]]}", 2),
            ("{\"predictions\": [{\"a\": [1, \"],[\\\"\"], \"b\": 2}]}", 1),
            ("{\"outputs\": {\"y\": [1, 2, 3, 4]}}", 4),
            ("{\"results\": [[[\"a\", 0.5]]]}", 1), ("{\"predictions\": [1, 2", nil), ("{\"error\": \"no\"}", nil),
            ("", nil),
        ] as [(String, Int?)]
    )
    func `rows of JSON answers are counted`(text: String, count: Int?) {
        #expect(rows(.predictJSON, Array(text.utf8))?.count == count)
    }

    @Test func `rows of a PredictResponse are counted`() throws {
        var response = Tensorflow_Serving_PredictResponse()
        response.outputs["y"] = Tensorflow_TensorProto(
            try Tensor(.float32, TensorShape([3, 2]), scalars: [Float](repeating: 1, count: 6))
        )
        let message: [UInt8] = try response.serializedBytes()
        let framed = [0, 0, 0, 0, UInt8(message.count)] + message
        #expect(rows(.predictResponse, framed)?.count == 3)
        #expect(rows(.predictResponse, Array(framed.dropLast())) == nil)
        #expect(rows(.predictResponse, [0, 0, 0, 0, 2, 0x0a, 0x7f]) == nil)
        #expect(rows(.predictResponse, [0, 0, 0, 0, 0]) != nil)
    }

    @Test func `an answer that has other rows than the first, or differs, is no good one`() {
        func bytes(_ text: String) -> [UInt8] { Array("{\"predictions\": \(text)}".utf8) }
        func fault(_ checker: inout AnswerChecker, _ text: String) -> BrokenAnswer? {
            bytes(text).withUnsafeBytes { checker.fault(of: 0, .predictJSON, $0) }
        }
        var rows = AnswerChecker(requestCount: 1, requiresEqual: false)
        #expect(fault(&rows, "[1, 2]") == nil)
        #expect(fault(&rows, "[1, 2]") == nil)
        #expect(fault(&rows, "[3, 4]") == nil)
        #expect(fault(&rows, "[1]") == .wrongRows)
        #expect(fault(&rows, "nothing") == .malformed)
        var equal = AnswerChecker(requestCount: 1, requiresEqual: true)
        #expect(fault(&equal, "[1, 2]") == nil)
        #expect(fault(&equal, "[1, 3]") == .notEqual)
    }
}

struct MetricsSourceTests {
    private static let page = """
        # TYPE :tensorflow:serving:batching_session:processed_batch_size histogram
        :tensorflow:serving:batching_session:processed_batch_size_bucket{model_name="a",le="1"} 2
        :tensorflow:serving:batching_session:processed_batch_size_bucket{model_name="a",le="4"} 5
        :tensorflow:serving:batching_session:processed_batch_size_bucket{model_name="a",le="+Inf"} 6
        :tensorflow:serving:batching_session:processed_batch_size_sum{model_name="a"} 30
        :tensorflow:serving:batching_session:processed_batch_size_count{model_name="a"} 6
        :tensorflow:serving:batching_session:processed_batch_size_bucket{model_name="b",le="1"} 1
        :tensorflow:serving:batching_session:processed_batch_size_bucket{model_name="b",le="4"} 1
        :tensorflow:serving:batching_session:processed_batch_size_bucket{model_name="b",le="+Inf"} 1
        :tensorflow:serving:batching_session:processed_batch_size_sum{model_name="b"} 1
        :tensorflow:serving:batching_session:processed_batch_size_count{model_name="b"} 1
        :tensorflow:serving:request_count{model_name="a"} 99
        """

    @Test func `batch sizes of all models are added up`() throws {
        let sizes = try #require(MetricsSource.batchSizes(Self.page))
        #expect(sizes.batchCount == 7)
        #expect(sizes.rowCount == 31)
        #expect(sizes.buckets.map(\.bound) == [1, 4, .infinity])
        #expect(sizes.buckets.map(\.count) == [3, 3, 1])
        #expect(sizes.since(sizes) == nil)
        let none = BatchSizes(buckets: [], batchCount: 0, rowCount: 0)
        #expect(sizes.since(none)?.mean == 31.0 / 7)
    }

    @Test(arguments: ["", "# nothing\n", "x_count 1\n"])
    func `a page without batches has no sizes`(page: String) {
        #expect(MetricsSource.batchSizes(page) == nil)
    }
}
