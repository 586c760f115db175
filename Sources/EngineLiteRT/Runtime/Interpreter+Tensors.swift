import CLiteRT
import ServingPrimitives
import Tensors

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

extension Interpreter {
    func tensor(_ index: Int) -> UnsafeMutablePointer<TfLiteTensor> { context.pointee.tensors + index }

    /// The name that the model's file has for a tensor; TFLite may call it as its own signatures do.
    func name(of index: Int) -> String { plan.names[index] ?? "" }

    func hasShape(_ shape: [Int], _ index: Int) -> Bool {
        guard let dimensions = tensor(index).pointee.dims else { return false }
        let sizes = clr_int_array_data(dimensions)
        guard Int(dimensions.pointee.size) == shape.count else { return false }
        return shape.indices.allSatisfy { Int(sizes[$0]) == shape[$0] }
    }

    /// Refuses what TFLite's operations are not made for: they trust the sizes of their inputs.
    func check(_ feeds: [(tensor: Int, value: Tensor)]) throws(ServingError) {
        for (position, feed) in feeds.enumerated() {
            guard let type = ElementType(tensor(feed.tensor).pointee.type) else {
                throw .internalError("Unknown TfLite type: \(tensor(feed.tensor).pointee.type.rawValue)")
            }
            guard type == feed.value.elementType else {
                throw .invalidArgument(
                    "Expects arg[\(position)] to be \(type.name) but \(feed.value.elementType.name) is provided"
                )
            }
            let shape = feed.value.shape
            guard shape.rank <= Self.maximumRank else {
                throw .invalidArgument(
                    "input \(name(of: feed.tensor)) has \(shape.rank) dimensions; a TFLite model takes at most "
                        + "\(Self.maximumRank)"
                )
            }
            guard shape.elementCount > 0, shape.elementCount <= Int32.max else {
                throw .invalidArgument(
                    "input \(name(of: feed.tensor)) has shape \(shape); a TFLite model takes tensors of 1 to "
                        + "\(Int32.max) elements"
                )
            }
        }
    }

    /// Writes a tensor into one whose size was set to the same.
    func write(_ value: Tensor, to index: Int) throws(ServingError) {
        if value.elementType == .string {
            return try value.withStrings { strings throws(ServingError) in
                try StringBuffer.write(strings.lazy.map { UnsafeRawBufferPointer($0.bytes) }, to: tensor(index))
            }
        }
        let target = tensor(index)
        try value.withUnsafeBytes { bytes throws(ServingError) in
            guard let data = target.pointee.data, let source = bytes.baseAddress, target.pointee.bytes == bytes.count
            else {
                throw .internalError(
                    "TFLite made \(target.pointee.bytes) bytes of memory for \(bytes.count) of an input"
                )
            }
            data.copyMemory(from: source, byteCount: bytes.count)
        }
    }

    /// Empties inputs that a run does not feed: what the run before fed is no business of this one.
    func clearInputs(except feeds: [(tensor: Int, value: Tensor)]) throws(ServingError) {
        guard feeds.count < plan.inputs.count else { return }
        for (position, index) in plan.inputs.enumerated() where !feeds.contains(where: { $0.tensor == index }) {
            let tensor = tensor(index)
            if tensor.pointee.type == kTfLiteString {
                let empty = UnsafeRawBufferPointer(start: nil, count: 0)
                let count = plan.inputShapes[position].reduce(1, *)
                try StringBuffer.write(repeatElement(empty, count: count), to: tensor)
            } else if let data = tensor.pointee.data {
                memset(data, 0, tensor.pointee.bytes)
            }
        }
    }

    /// A copy of what a tensor holds now.
    ///
    /// - Throws: `INTERNAL` for types that answers cannot carry, and for a tensor that is not whole.
    func copy(of index: Int) throws(ServingError) -> Tensor {
        let tensor = tensor(index).pointee
        guard let type = ElementType(tensor.type) else {
            throw .internalError("Unknown TfLite type: \(tensor.type.rawValue)")
        }
        do throws(TensorError) {
            let shape = try shape(of: tensor)
            guard type != .string else { return try strings(of: tensor, shape) }
            let bytes = UnsafeRawBufferPointer(start: tensor.data, count: tensor.data == nil ? 0 : tensor.bytes)
            var buffer = try TensorBuffer(type, shape)
            guard buffer.byteCount == bytes.count || buffer.byteCount == 0 else {
                throw TensorError("it has \(bytes.count) bytes for shape \(shape)")
            }
            buffer.withUnsafeMutableBytes { target in
                if target.count > 0 { target.copyMemory(from: bytes) }
            }
            return buffer.freeze()
        } catch {
            throw .internalError("Failed to convert TFLite tensor: \(name(of: index)): \(error.message)")
        }
    }

    private func shape(of tensor: TfLiteTensor) throws(TensorError) -> TensorShape {
        guard let dimensions = tensor.dims else { throw TensorError("it has no shape") }
        let sizes = clr_int_array_data(dimensions)
        return try TensorShape((0..<Int(dimensions.pointee.size)).map { Int(sizes[$0]) })
    }

    private func strings(of tensor: TfLiteTensor, _ shape: TensorShape) throws(TensorError) -> Tensor {
        guard let strings = StringBuffer.strings(of: tensor) else { throw TensorError("its strings are not sound") }
        var builder = StringTensorBuilder()
        for string in strings { builder.append(string) }
        return try builder.finish(shape)
    }
}
