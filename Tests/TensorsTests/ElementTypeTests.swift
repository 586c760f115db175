import Tensors
import Testing

@Suite struct ElementTypeTests {
    /// `DataType` of tensorflow/core/framework/types.proto, with sizes in bytes.
    @Test(
        arguments: [
            (1, "float", 4), (2, "double", 8), (3, "int32", 4), (4, "uint8", 1), (5, "int16", 2), (6, "int8", 1),
            (7, "string", nil), (8, "complex64", 8), (9, "int64", 8), (10, "bool", 1), (11, "qint8", 1),
            (12, "quint8", 1), (13, "qint32", 4), (14, "bfloat16", 2), (15, "qint16", 2), (16, "quint16", 2),
            (17, "uint16", 2), (18, "complex128", 16), (19, "half", 2), (22, "uint32", 4), (23, "uint64", 8),
            (24, "float8_e5m2", 1), (25, "float8_e4m3fn", 1),
        ] as [(Int32, String, Int?)]
    )
    func `numbers, names and widths are TensorFlow's`(number: Int32, name: String, width: Int?) throws {
        let type = try #require(ElementType(rawValue: number))
        #expect(type.name == name)
        #expect(type.byteWidth == width)
    }

    @Test(arguments: [0, 20, 21, 26, 101, -1] as [Int32])
    func `types that requests cannot carry are unknown`(number: Int32) {
        #expect(ElementType(rawValue: number) == nil)
    }

    @Test func `the table above is complete`() {
        #expect(ElementType.allCases.count == 23)
    }
}
