import EngineInterface
import Inference
import ServingPrimitives
import Tensors
import Testing

@testable import FrontendREST

/// Lists of numbers however they are laid out and wherever the body ends.
@Suite struct ListRectangleTests {
    @Test(arguments: [
        "{\"instances\": [[1,2],[3,4]]}", "{\"instances\":[[1 , 2] , [3 , 4]] }",
        "{\"instances\": [\n    [\n        1,\n        2\n    ],\n\t[3, 4]\r\n]}",
        "{\"instances\": [  [  1  ,  2  ]  ,  [  3  ,  4  ]  ]}",
        "{\"inputs\": {\"x\": [[1.0, 2e0], [0.3e1, 40E-1]]}}",
        "{\"instances\": [{\"x\": [1, 2]}, {\"x\":[ 3,4 ]}]}",
        "{\"inputs\": [[1, 2.00000000000000000000000000000], [3, 4000000000000000000000e-21]]}",
    ])
    func `blanks and spellings make no difference`(_ body: String) throws {
        // Short, and long enough not to be copied.
        for suffix in ["", String(repeating: " ", count: 5000)] {
            let tensor = try parse(body + suffix, .float32)
            #expect(tensor.shape.dimensions == [2, 2])
            #expect(tensor.scalars(as: Float.self) == [1, 2, 3, 4])
        }
    }

    @Test(arguments: [ElementType.float32, .int64])
    func `a body of any length is read to its end`(_ type: ElementType) throws {
        for count in [
            1, 2, 90, 200, 310, 323, 324, 325, 326, 327, 328, 329, 330, 331, 332, 333, 334, 400, 511, 512, 513,
        ] {
            let values = (0..<count).map { $0 % 10 }
            let tensor = try parse("{\"instances\":\(values)}", type)
            #expect(tensor.shape.dimensions == [count])
            if type == .int64 {
                #expect(tensor.scalars(as: Int64.self) == values.map(Int64.init))
            } else {
                #expect(tensor.scalars(as: Float.self) == values.map(Float.init))
            }
        }
    }

    @Test(arguments: 1...12) func `lists nest`(_ rank: Int) throws {
        let text = String(repeating: "[", count: rank) + "1, 2" + String(repeating: "]", count: rank)
        let shape = Array(repeating: 1, count: rank - 1) + [2]
        #expect(try parse("{\"instances\": \(text)}", .float32).shape.dimensions == shape)
        #expect(try parse("{\"inputs\": \(text)}", .float32).shape.dimensions == shape)
    }

    @Test func `a large tensor of random sizes is read as it was written`() throws {
        for _ in 0..<20 {
            let sizes = (0..<Int.random(in: 1...4)).map { _ in Int.random(in: 1...9) }
            var values: [Double] = []
            func list(_ level: Int) -> String {
                guard level < sizes.count else {
                    values.append(Bool.random() ? Double.random(in: -1e9...1e9) : Double(Int.random(in: -99...99)))
                    return values[values.count - 1].description
                }
                let blank = [" ", "", "\n  "].randomElement() ?? ""
                return "[" + (0..<sizes[level]).map { _ in list(level + 1) }.joined(separator: "," + blank) + "]"
            }
            let tensor = try parse("{\"inputs\": \(list(0))}", .float64)
            #expect(tensor.shape.dimensions == sizes)
            #expect(tensor.scalars(as: Double.self) == values)
        }
    }

    @Test func `memory is asked for at the rate of the text so far`() throws {
        // Long numbers first, short ones behind: more of them than the first let expect.
        let long = Array(repeating: "0.12345678901234567", count: 2000)
        let short = Array(repeating: "7", count: 50_000)
        let tensor = try parse("{\"instances\": [\((long + short).joined(separator: ","))]}", .float32)
        #expect(tensor.shape.dimensions == [52_000])
        #expect(tensor.scalars(as: Float.self).last == 7)
    }

    @Test func `several large inputs share the document`() throws {
        let rows = (0..<5000).map { "{\"a\": \($0), \"b\": [\($0), 0.5]}" }.joined(separator: ", ")
        let signature = Signature(
            name: "s",
            methodName: "",
            inputs: [("a", ElementType.int32), ("b", .float64)].map {
                Signature.Parameter(name: $0.0, elementType: $0.1, shape: nil, tensorName: $0.0)
            },
            outputs: []
        )
        let inputs = try PredictRequestParser.parse("{\"instances\": [\(rows)]}") { _ in signature }.inputs
        #expect(inputs[0].tensor.scalars(as: Int32.self) == (0..<5000).map { Int32($0) })
        #expect(inputs[1].tensor.shape.dimensions == [5000, 2])
        #expect(inputs[1].tensor.scalars(as: Double.self) == (0..<5000).flatMap { [Double($0), 0.5] })
    }

    @Test(arguments: [
        (
            "[[1, 2], [3]]",
            "Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: Expecting tensor size: 2 but got: 1"
        ),
        (
            "[[1, 2], 3]",
            "Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: Expecting tensor size: 2 but got: 1"
        ),
        ("[[1, 2], [3, 4", "JSON Parse error: Missing a comma or ']' after an array element. at offset: 28"),
        ("[[1, 02], [3, 4]]}", "JSON Parse error: Missing a comma or ']' after an array element. at offset: 20"),
        ("[[1, 2], [3, 4.]]}", "JSON Parse error: Miss fraction part in number. at offset: 29"),
        ("[[1, 2], [3, 1e400]]}", "JSON Parse error: Number too big to be stored in double. at offset: 27"),
        ("[[1, 2], [3, 4]],}", "JSON Parse error: Missing a name for object member. at offset: 31"),
        ("[[1, 2],, [3, 4]]}", "JSON Parse error: Invalid value. at offset: 22"),
        ("[[1, 2,], [3, 4]]}", "JSON Parse error: Invalid value. at offset: 21"),
    ])
    func `what is no rectangle is refused as before`(_ list: String, _ message: String) {
        let body = "{\"instances\": " + list + (list.last == "]" ? "}" : "")
        #expect(throws: ServingError(.invalidArgument, message)) { try parse(body, .float32) }
    }

    private func parse(_ body: String, _ type: ElementType) throws -> Tensor {
        try PredictRequestParser.parse(body) { _ in .x(type) }.inputs[0].tensor
    }
}
