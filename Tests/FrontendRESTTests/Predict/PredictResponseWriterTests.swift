import Inference
import NIOCore
import ServingPrimitives
import Tensors
import Testing

@testable import FrontendREST

@Suite struct PredictResponseWriterTests {
    @Test func `one output in rows`() throws {
        let matrix = try NamedTensor(
            name: "y",
            tensor: Tensor(.float32, TensorShape([2, 2]), scalars: [1, 2.5, 3, 1e7] as [Float])
        )
        #expect(try rows([matrix]) == "{\n    \"predictions\": [[1.0, 2.5], [3.0, 1e+07]\n    ]\n}")
    }

    @Test func `several outputs in rows`() throws {
        let outputs = [
            NamedTensor(name: "a", tensor: try Tensor(.int64, TensorShape([2]), scalars: [1, -2] as [Int64])),
            NamedTensor(name: "b", tensor: try Tensor(.float32, TensorShape([2, 1]), scalars: [0.5, 1] as [Float])),
        ]
        #expect(
            try rows(outputs) == """
                {
                    "predictions": [
                        {
                            "a": 1,
                            "b": [0.5]
                        },
                        {
                            "a": -2,
                            "b": [1.0]
                        }
                    ]
                }
                """
        )
    }

    @Test func `columns put every element on its line`() throws {
        let matrix = try NamedTensor(
            name: "y",
            tensor: Tensor(.float32, TensorShape([2, 1]), scalars: [1, 2] as [Float])
        )
        #expect(
            try columns([matrix]) == """
                {
                    "outputs": [
                        [
                            1.0
                        ],
                        [
                            2.0
                        ]
                    ]
                }
                """
        )
        #expect(
            try columns([matrix, NamedTensor(name: "z", tensor: Tensor(.bool, .scalar, scalars: [true]))]) == """
                {
                    "outputs": {
                        "y": [
                            [
                                1.0
                            ],
                            [
                                2.0
                            ]
                        ],
                        "z": true
                    }
                }
                """
        )
    }

    @Test(arguments: [
        [7], [200], [3, 5], [2, 3, 4], [5, 4, 3, 2], [1, 1, 1], [130, 3], [2, 100, 1], [1, 2, 1, 2, 1, 2, 1],
    ])
    func `lists of any shape nest and break their lines in the right places`(_ sizes: [Int]) throws {
        let shape = try TensorShape(sizes)
        let tensor = try Tensor(.int32, shape, scalars: (0..<Int32(shape.elementCount)).map { $0 - 5 })
        func list(_ level: Int, from first: Int, separator: (Int) -> String, end: (Int) -> String) -> String {
            guard level < sizes.count else { return "\(first - 5)" }
            let size = sizes[(level + 1)...].reduce(1, *)
            let parts = (0..<sizes[level]).map {
                ($0 == 0 && separator(level) == ", "
                    ? "" : $0 == 0 ? String(separator(level).dropFirst()) : separator(level))
                    + list(level + 1, from: first + $0 * size, separator: separator, end: end)
            }
            return "[" + parts.joined() + end(level) + "]"
        }
        let row = list(0, from: 0, separator: { _ in ", " }, end: { _ in "" })
        let output = NamedTensor(name: "y", tensor: tensor)
        #expect(try rows([output]) == "{\n    \"predictions\": \(row.dropLast())\n    ]\n}")
        func indent(_ level: Int) -> String { "\n" + String(repeating: "    ", count: level) }
        let column = list(0, from: 0, separator: { "," + indent($0 + 2) }, end: { indent($0 + 1) })
        #expect(try columns([output]) == "{\n    \"outputs\": \(column)\n}")
    }

    @Test func `a scalar column stands alone`() throws {
        let scalar = try NamedTensor(name: "y", tensor: Tensor(.int32, .scalar, scalars: [7] as [Int32]))
        #expect(try columns([scalar]) == "{\n    \"outputs\": 7\n}")
    }

    @Test func `empty tensors are empty lists`() throws {
        let none = try NamedTensor(name: "y", tensor: Tensor(.float32, TensorShape([0, 3]), scalars: [] as [Float]))
        let thin = try NamedTensor(name: "y", tensor: Tensor(.float32, TensorShape([2, 0]), scalars: [] as [Float]))
        #expect(try rows([none]) == "{\n    \"predictions\": []\n}")
        #expect(try rows([thin]) == "{\n    \"predictions\": [[], []\n    ]\n}")
        #expect(try columns([none]) == "{\n    \"outputs\": []\n}")
        #expect(try rows([none, none]) == "{\n    \"predictions\": []\n}")
    }

    @Test func `strings are text, and base64 where the name says bytes`() throws {
        let strings = try Tensor(TensorShape([2]), strings: [Array("a\"\n".utf8), [0xFF, 0xC3]])
        #expect(
            try rowBytes([NamedTensor(name: "s", tensor: strings)])
                == Array("{\n    \"predictions\": [\"a\\\"\\n\", \"".utf8) + [0xFF, 0xC3] + Array("\"\n    ]\n}".utf8)
        )
        #expect(
            try rows([NamedTensor(name: "s_bytes", tensor: strings)]) == """
                {
                    "predictions": [{
                            "b64": "YSIK"
                        }, {
                            "b64": "/8M="
                        }
                    ]
                }
                """
        )
    }

    @Test func `every writable type is written`() throws {
        func text<T: BitwiseCopyable>(_ type: ElementType, _ values: [T]) throws -> String {
            let tensor = try Tensor(type, TensorShape([values.count]), scalars: values)
            let all = try rows([NamedTensor(name: "y", tensor: tensor)])
            return String(all.dropFirst("{\n    \"predictions\": [".count).dropLast("\n    ]\n}".count))
        }
        #expect(try text(.float64, [0.1, 1.0 / 3]) == "0.1, 0.33333333333333331")
        #expect(try text(.float32, [Float.nan, .infinity, -0.0]) == "NaN, Infinity, -0.0")
        #expect(try text(.int32, [Int32.min, .max]) == "-2147483648, 2147483647")
        #expect(try text(.int16, [Int16.min]) == "-32768")
        #expect(try text(.int8, [Int8.min, 5]) == "-128, 5")
        #expect(try text(.uint8, [UInt8.max]) == "255")
        #expect(try text(.int64, [Int64.min]) == "-9223372036854775808")
        #expect(try text(.uint32, [UInt32.max]) == "4294967295")
        #expect(try text(.uint64, [UInt64.max]) == "18446744073709551615")
        #expect(try text(.bool, [true, false]) == "true, false")
    }

    @Test func `long lists are written whole`() throws {
        let values = (0..<1000).map { Int32($0) }
        let tensor = try Tensor(.int32, TensorShape([1, 1000]), scalars: values)
        let list = values.map(String.init).joined(separator: ", ")
        #expect(try rows([NamedTensor(name: "y", tensor: tensor)]) == "{\n    \"predictions\": [[\(list)]\n    ]\n}")
    }

    @Test func `outputs that rows cannot show are refused`() throws {
        let scalar = NamedTensor(name: "s", tensor: try Tensor(.int32, .scalar, scalars: [7] as [Int32]))
        let two = NamedTensor(name: "t", tensor: try Tensor(.int32, TensorShape([2]), scalars: [1, 2] as [Int32]))
        let one = NamedTensor(name: "o", tensor: try Tensor(.int32, TensorShape([1]), scalars: [1] as [Int32]))
        let half = NamedTensor(name: "h", tensor: try Tensor(.float16, TensorShape([1]), scalars: [1] as [UInt16]))
        #expect(throws: ServingError.invalidArgument("Tensor name: s has no shape information ")) { try rows([scalar]) }
        #expect(throws: ServingError.invalidArgument("Tensor name: o has inconsistent batch size: 1 expecting: 2")) {
            try rows([two, one])
        }
        #expect(throws: ServingError.invalidArgument("Failed to write JSON value for tensor type: half")) {
            try rows([half])
        }
        #expect(throws: ServingError.invalidArgument("Cannot convert empty tensor map to JSON")) { try columns([]) }
    }

    private func rows(_ outputs: [NamedTensor]) throws -> String {
        String(decoding: try rowBytes(outputs), as: UTF8.self)
    }

    private func rowBytes(_ outputs: [NamedTensor]) throws -> [UInt8] {
        var buffer = ByteBuffer()
        try PredictResponseWriter.write(outputs, form: .rows, to: &buffer)
        return Array(buffer.readableBytesView)
    }

    private func columns(_ outputs: [NamedTensor]) throws -> String {
        var buffer = ByteBuffer()
        try PredictResponseWriter.write(outputs, form: .columns, to: &buffer)
        return String(buffer: buffer)
    }
}
