import EngineInterface
import Inference
import ServingPrimitives
import Tensors

/// Makes inputs for a signature: random values of a seed, of the shapes that the signature and the user state.
public struct InputRules: Sendable {
    /// Shapes by input, as given.
    public var shapes: [String: [Int]] = [:]
    /// What a first dimension of any size becomes.
    public var rows = 1
    /// Whole numbers are from 0 up to this, exclusive.
    public var integerLimit = 10
    public var seed: UInt64 = 1

    public init() {}

    /// - Parameter variant: different inputs for different numbers.
    /// - Throws: `INVALID_ARGUMENT` for a dimension that nobody states, a shape for an input that is none, a type that
    ///   has no random values.
    func inputs(_ signature: Signature, variant: Int) throws(ServingError) -> [NamedTensor] {
        for name in shapes.keys.sorted() where !signature.inputs.contains(where: { $0.name == name }) {
            let names = signature.inputs.map(\.name).joined(separator: ", ")
            throw .invalidArgument("--shape names an input \"\(name)\"; signature \"\(signature.name)\" has: \(names)")
        }
        var random = RandomSource(seed: seed &+ UInt64(variant) &* 0x1_0000_0001)
        var inputs: [NamedTensor] = []
        for parameter in signature.inputs {
            inputs.append(NamedTensor(name: parameter.name, tensor: try tensor(parameter, &random)))
        }
        return inputs
    }

    private func tensor(_ parameter: Signature.Parameter, _ random: inout RandomSource) throws(ServingError) -> Tensor {
        guard let type = parameter.elementType else {
            throw .invalidArgument("input \"\(parameter.name)\" has a type that requests cannot carry")
        }
        let sizes = try sizes(parameter)
        do throws(TensorError) {
            let shape = try TensorShape(sizes)
            return try Self.tensor(type, shape, integerLimit, &random)
        } catch {
            throw .invalidArgument("input \"\(parameter.name)\": \(error.message)")
        }
    }

    private func sizes(_ parameter: Signature.Parameter) throws(ServingError) -> [Int] {
        if let given = shapes[parameter.name] { return given }
        guard let declared = parameter.shape else { return [rows] }
        if let open = declared.indices.dropFirst().first(where: { declared[$0] < 0 }) {
            let example = declared.enumerated().map { $1 >= 0 ? "\($1)" : $0 == 0 ? "\(rows)" : "N" }
            throw .invalidArgument(
                "input \"\(parameter.name)\" leaves dimension \(open) open; say it: "
                    + "--shape \(parameter.name):\(example.joined(separator: "x"))"
            )
        }
        return declared.enumerated().map { $1 < 0 ? rows : $1 }
    }

    private static func tensor(
        _ type: ElementType,
        _ shape: TensorShape,
        _ limit: Int,
        _ random: inout RandomSource
    ) throws(TensorError) -> Tensor {
        func integers<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type) throws(TensorError) -> Tensor {
            let bound = min(UInt64(max(1, limit)), UInt64(clamping: T.max))
            return try Tensor(type, shape, scalars: (0..<shape.elementCount).map { _ in T(random.next() % bound) })
        }
        func patterns(_ first: UInt16, _ mask: UInt64) throws(TensorError) -> Tensor {
            let bits = (0..<shape.elementCount).map { _ in first | UInt16(random.next() & mask) }
            return try Tensor(type, shape, scalars: bits)
        }
        func floats(_ count: Int) -> [Float] { (0..<count).map { _ in Float.random(in: 0..<1, using: &random) } }
        func doubles(_ count: Int) -> [Double] { (0..<count).map { _ in Double.random(in: 0..<1, using: &random) } }
        switch type {
        case .float32: return try Tensor(type, shape, scalars: floats(shape.elementCount))
        case .float64: return try Tensor(type, shape, scalars: doubles(shape.elementCount))
        case .complex64:
            let parts = (0..<shape.elementCount).map { _ in
                SIMD2<Float>(.random(in: 0..<1, using: &random), .random(in: 0..<1, using: &random))
            }
            return try Tensor(type, shape, scalars: parts)
        // From 0.5 to 1: one exponent, any mantissa.
        case .float16: return try patterns(0x3800, 0x3ff)
        case .bfloat16: return try patterns(0x3f00, 0x7f)
        case .bool:
            return try Tensor(type, shape, scalars: (0..<shape.elementCount).map { _ in random.next() & 1 == 1 })
        case .int8, .qint8: return try integers(Int8.self)
        case .uint8, .quint8: return try integers(UInt8.self)
        case .int16, .qint16: return try integers(Int16.self)
        case .uint16, .quint16: return try integers(UInt16.self)
        case .int32, .qint32: return try integers(Int32.self)
        case .uint32: return try integers(UInt32.self)
        case .int64: return try integers(Int64.self)
        case .uint64: return try integers(UInt64.self)
        case .string:
            let letters = (0..<shape.elementCount).map { _ in
                (0..<8).map { _ in UInt8(ascii: "a") + UInt8(random.next() % 26) }
            }
            return try Tensor(shape, strings: letters)
        case .complex128, .float8E5M2, .float8E4M3FN:
            throw TensorError("there are no random values of type \(type.name); give the request with --data")
        }
    }
}
