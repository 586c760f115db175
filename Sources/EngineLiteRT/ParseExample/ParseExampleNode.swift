import CLiteRT
import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// One use of the custom operation ParseExample or ParseExampleV2 in a model, as TensorFlow Serving's TFLite has it
/// (tensorflow/lite/kernels/parse_example): dense features of a fixed length, and sparse ones; no ragged ones.
final class ParseExampleNode {
    /// A feature whose values go to one output, `count` for each example.
    struct Dense {
        let name: [UInt8]
        let type: TfLiteType
        let count: Int
        let output: Int
        /// `nil` when an example must have the feature.
        let defaultTensor: Int?
    }

    /// A feature whose values go to a sparse tensor in three outputs.
    struct Sparse {
        let name: [UInt8]
        let type: TfLiteType
        let indices: Int
        let values: Int
        let shape: Int
    }

    private let examples: Int
    private let dense: [Dense]
    private let sparse: [Sparse]
    /// The sizes of the dense outputs in the model's file: those of one example.
    private let denseShapes: [[Int32]]

    /// - Throws: what the operation is not made for.
    init(_ context: UnsafeMutablePointer<TfLiteContext>, _ operands: Operands) throws(ParseExampleError) {
        let tensors = context.pointee.tensors
        examples = operands.inputs[0]
        var dense: [Dense] = []
        for index in 0..<operands.denseCount {
            let output = operands.outputs[3 * operands.sparseCount + index]
            let count = Self.sizes(tensors[output]).reduce(1) { $0 * Int($1) }
            let defaultTensor = operands.defaultTensor(index)
            let hasDefault = try Self.elementCount(tensors[defaultTensor]) >= count
            dense.append(
                Dense(
                    name: try operands.denseName(index, tensors),
                    type: try Self.listType(tensors[output]),
                    count: count,
                    output: output,
                    defaultTensor: hasDefault ? defaultTensor : nil
                )
            )
        }
        var sparse: [Sparse] = []
        for index in 0..<operands.sparseCount {
            let values = operands.outputs[operands.sparseCount + index]
            sparse.append(
                Sparse(
                    name: try operands.sparseName(index, tensors),
                    type: try Self.listType(tensors[values]),
                    indices: operands.outputs[index],
                    values: values,
                    shape: operands.outputs[2 * operands.sparseCount + index]
                )
            )
        }
        denseShapes = dense.map { Self.sizes(tensors[$0.output]) }
        self.dense = dense
        self.sparse = sparse
    }

    // MARK: Sizes

    /// Gives the outputs their sizes for the present number of examples, as far as it decides them.
    func prepare(_ context: UnsafeMutablePointer<TfLiteContext>) throws(ParseExampleError) {
        let batch = Self.sizes(context.pointee.tensors[examples]).first ?? 1
        for (feature, shape) in zip(dense, denseShapes) {
            var sizes = shape
            if sizes.isEmpty { sizes = [1] }
            sizes[0] = sizes[0] &* batch
            try Self.resize(feature.output, to: sizes, context)
        }
        for feature in sparse {
            for output in [feature.indices, feature.values, feature.shape] {
                let tensor = context.pointee.tensors + output
                guard tensor.pointee.allocation_type != kTfLiteDynamic else { continue }
                tensor.pointee.allocation_type = kTfLiteDynamic
                tensor.pointee.data = nil
            }
        }
    }

    private static func resize(
        _ tensor: Int,
        to sizes: [Int32],
        _ context: UnsafeMutablePointer<TfLiteContext>
    ) throws(ParseExampleError) {
        guard let array = clr_int_array(sizes, Int32(sizes.count)),
            context.pointee.ResizeTensor(context, context.pointee.tensors + tensor, array) == kTfLiteOk
        else { throw ParseExampleError("An output of ParseExample cannot be resized") }
    }

    // MARK: Values

    /// Parses the examples into the outputs.
    func run(_ context: UnsafeMutablePointer<TfLiteContext>) throws(ParseExampleError) {
        guard let messages = StringBuffer.strings(of: context.pointee.tensors[examples]) else {
            throw ParseExampleError("The examples are not strings")
        }
        let parsed = try messages.enumerated().map { (index, message) throws(ParseExampleError) in
            try features(of: message, at: index)
        }
        for (position, feature) in dense.enumerated() {
            try fill(feature, parsed.map { $0.dense[position] }, context)
        }
        for (position, feature) in sparse.enumerated() {
            try fill(feature, parsed.map { $0.sparse[position] }, context)
        }
    }

    /// The features of one example that the outputs want.
    private struct Parsed {
        var dense: [ExampleMessage.Feature?]
        var sparse: [ExampleMessage.Feature?]
    }

    private func features(of message: UnsafeRawBufferPointer, at index: Int) throws(ParseExampleError) -> Parsed {
        var parsed = Parsed(
            dense: Array(repeating: nil, count: dense.count),
            sparse: Array(repeating: nil, count: sparse.count)
        )
        try ExampleMessage.features(of: message) { (name, feature) throws(ParseExampleError) in
            for (position, wanted) in dense.enumerated() where Self.isSame(name, wanted.name) {
                parsed.dense[position] = feature
            }
            for (position, wanted) in sparse.enumerated() where Self.isSame(name, wanted.name) {
                parsed.sparse[position] = feature
            }
        }
        for (position, wanted) in dense.enumerated() {
            try check(parsed.dense[position], wanted.name, wanted.type, index)
        }
        for (position, wanted) in sparse.enumerated() {
            try check(parsed.sparse[position], wanted.name, wanted.type, index)
        }
        return parsed
    }

    private func check(
        _ feature: ExampleMessage.Feature?,
        _ name: [UInt8],
        _ type: TfLiteType,
        _ index: Int
    ) throws(ParseExampleError) {
        guard let feature, feature.kind != Self.kind(of: type) else { return }
        throw ParseExampleError(
            "Name: <unknown>, Key: \(String(decoding: name, as: UTF8.self)), Index: \(index).  Data types don't match. "
                + "Data type: \(feature.kind.typeName) but expected type: \(Self.kind(of: type).typeName)"
        )
    }

    private func fill(
        _ feature: Dense,
        _ found: [ExampleMessage.Feature?],
        _ context: UnsafeMutablePointer<TfLiteContext>
    ) throws(ParseExampleError) {
        let output = context.pointee.tensors + feature.output
        let defaults = feature.defaultTensor.map { context.pointee.tensors[$0] }
        switch feature.type {
        case kTfLiteFloat32:
            try copy(feature, found, defaults?.values(Float.self), to: output, ExampleMessage.floats)
        case kTfLiteInt64:
            try copy(feature, found, defaults?.values(Int64.self), to: output, ExampleMessage.integers)
        default:
            let values = try values(
                feature,
                found,
                defaults.flatMap { StringBuffer.strings(of: $0) },
                ExampleMessage.strings
            )
            do throws(ServingError) {
                try StringBuffer.write(values, to: output)
            } catch {
                throw ParseExampleError(error.message)
            }
        }
    }

    private func copy<N: BitwiseCopyable>(
        _ feature: Dense,
        _ found: [ExampleMessage.Feature?],
        _ defaults: [N]?,
        to output: UnsafeMutablePointer<TfLiteTensor>,
        _ read: (UnsafeRawBufferPointer) throws(ParseExampleError) -> [N]
    ) throws(ParseExampleError) {
        let values = try values(feature, found, defaults, read)
        try Self.copy(values, to: output.pointee)
    }

    private static func copy<N: BitwiseCopyable>(_ values: [N], to output: TfLiteTensor) throws(ParseExampleError) {
        let size = values.count * MemoryLayout<N>.stride
        guard size > 0 else { return }
        guard let data = output.data, output.bytes >= size else {
            throw ParseExampleError("An output of ParseExample has \(output.bytes) bytes instead of \(size)")
        }
        values.withUnsafeBytes { bytes in
            if let start = bytes.baseAddress { data.copyMemory(from: start, byteCount: size) }
        }
    }

    /// The values of a dense feature, example after example.
    private func values<V>(
        _ feature: Dense,
        _ found: [ExampleMessage.Feature?],
        _ defaults: [V]?,
        _ read: (UnsafeRawBufferPointer) throws(ParseExampleError) -> [V]
    ) throws(ParseExampleError) -> [V] {
        var values: [V] = []
        values.reserveCapacity(found.count * feature.count)
        for (index, example) in found.enumerated() {
            if let example {
                let list = try read(example.list)
                guard list.count == feature.count else { throw wrongCount(feature, list.count, index) }
                values += list
            } else if let defaults {
                values += defaults.prefix(feature.count)
            } else {
                throw ParseExampleError(
                    "Name: <unknown>, Feature: \(String(decoding: feature.name, as: UTF8.self)) (data type: "
                        + "\(Self.kind(of: feature.type).typeName)) is required but could not be found."
                )
            }
        }
        return values
    }

    private func wrongCount(_ feature: Dense, _ count: Int, _ index: Int) -> ParseExampleError {
        let kind = feature.type == kTfLiteString ? "bytes" : Self.kind(of: feature.type).typeName
        return ParseExampleError(
            "Name: <unknown>, Key: \(String(decoding: feature.name, as: UTF8.self)), Index: \(index).  Number of \(kind) "
                + "values != expected.  Values size: \(count) but output shape: [\(feature.count)]"
        )
    }

    private func fill(
        _ feature: Sparse,
        _ found: [ExampleMessage.Feature?],
        _ context: UnsafeMutablePointer<TfLiteContext>
    ) throws(ParseExampleError) {
        let counts: [Int]
        switch feature.type {
        case kTfLiteFloat32:
            let lists = try found.map(ExampleMessage.floats)
            counts = lists.map(\.count)
            try Self.write(lists.flatMap { $0 }, to: feature.values, context)
        case kTfLiteInt64:
            let lists = try found.map(ExampleMessage.integers)
            counts = lists.map(\.count)
            try Self.write(lists.flatMap { $0 }, to: feature.values, context)
        default:
            let lists = try found.map(ExampleMessage.strings)
            counts = lists.map(\.count)
            let values = lists.flatMap { $0 }
            try Self.resize(feature.values, to: [Int32(clamping: values.count)], context)
            do throws(ServingError) {
                try StringBuffer.write(values, to: context.pointee.tensors + feature.values)
            } catch {
                throw ParseExampleError(error.message)
            }
        }
        let places = counts.enumerated().flatMap { example, count in
            (0..<count).flatMap { [Int64(example), Int64($0)] }
        }
        try Self.resize(feature.indices, to: [Int32(clamping: places.count / 2), 2], context)
        try Self.copy(places, to: context.pointee.tensors[feature.indices])
        try Self.write([Int64(found.count), Int64(counts.max() ?? 0)], to: feature.shape, context)
    }

    private static func write<N: BitwiseCopyable>(
        _ values: [N],
        to tensor: Int,
        _ context: UnsafeMutablePointer<TfLiteContext>
    ) throws(ParseExampleError) {
        try resize(tensor, to: [Int32(clamping: values.count)], context)
        try copy(values, to: context.pointee.tensors[tensor])
    }

    // MARK: Tensors

    private static func sizes(_ tensor: TfLiteTensor) -> [Int32] {
        guard let dimensions = tensor.dims else { return [] }
        return Array(
            UnsafeBufferPointer(start: clr_int_array_data(dimensions), count: Int(dimensions.pointee.size))
        )
    }

    private static func elementCount(_ tensor: TfLiteTensor) throws(ParseExampleError) -> Int {
        guard tensor.type == kTfLiteString else { return sizes(tensor).reduce(1) { $0 * Int($1) } }
        guard let strings = StringBuffer.strings(of: tensor) else {
            throw ParseExampleError("A default of ParseExample is not sound")
        }
        return strings.count
    }

    private static func listType(_ tensor: TfLiteTensor) throws(ParseExampleError) -> TfLiteType {
        guard [kTfLiteFloat32, kTfLiteInt64, kTfLiteString].contains(tensor.type) else {
            throw ParseExampleError("An output of ParseExample is of TFLite's type \(tensor.type.rawValue)")
        }
        return tensor.type
    }

    private static func kind(of type: TfLiteType) -> ExampleMessage.Feature.Kind {
        switch type {
        case kTfLiteFloat32: .floats
        case kTfLiteInt64: .integers
        default: .bytes
        }
    }

    private static func isSame(_ name: UnsafeRawBufferPointer, _ wanted: [UInt8]) -> Bool {
        name.count == wanted.count && name.elementsEqual(wanted)
    }
}

extension TfLiteTensor {
    fileprivate func values<N: BitwiseCopyable>(_ type: N.Type) -> [N] {
        let bytes = UnsafeRawBufferPointer(start: data, count: data == nil ? 0 : self.bytes)
        return (0..<bytes.count / MemoryLayout<N>.stride).map {
            bytes.loadUnaligned(fromByteOffset: $0 * MemoryLayout<N>.stride, as: N.self)
        }
    }
}

extension [ExampleMessage.Feature?] {
    /// The list of each example; an empty one where an example does not have the feature.
    fileprivate func map<V>(
        _ read: (UnsafeRawBufferPointer) throws(ParseExampleError) -> [V]
    ) throws(ParseExampleError) -> [[V]] {
        var lists: [[V]] = []
        for feature in self { lists.append(try feature.map { $0.list }.map(read) ?? []) }
        return lists
    }
}
