import CTensorFlow
import ServingPrimitives
import Tensors

/// One execution of a kernel: its inputs, lent, and its outputs. Memory that it hands out stays until it is ended.
final class KernelContext: @unchecked Sendable {
    // Sendable: one thread at a time uses it.
    private let handle: OpaquePointer
    /// The operation's name, for error texts.
    let operation: String
    private let status = TF_NewStatus()
    private var tensors: [OpaquePointer] = []

    init(_ handle: OpaquePointer, operation: String) {
        self.handle = handle
        self.operation = operation
    }

    deinit {
        end()
        TF_DeleteStatus(status)
    }

    /// Gives back what was lent.
    func end() {
        for tensor in tensors { TF_DeleteTensor(tensor) }
        tensors = []
    }

    /// Tells TensorFlow that the execution failed. The text names the operation.
    func fail(_ error: ServingError) {
        TF_SetStatus(status, error.code.rawValue, error.message)
        TF_OpKernelContext_Failure(handle, status)
    }

    /// `INVALID_ARGUMENT` with the operation's name in front.
    func invalid(_ message: String) -> ServingError { .invalidArgument("\(operation): \(message)") }

    /// What `body` gives; what it finds wrong is an error with the operation's name in front.
    func checking<R>(_ body: () throws(ArgumentDefect) -> R) throws(ServingError) -> R {
        do throws(ArgumentDefect) {
            return try body()
        } catch {
            throw invalid(error.reason)
        }
    }

    // MARK: Inputs

    var inputCount: Int { Int(TF_NumInputs(handle)) }

    /// A tensor of TensorFlow's, lent.
    func input(_ index: Int) throws(ServingError) -> OpaquePointer {
        var tensor: OpaquePointer?
        TF_GetInput(handle, Int32(index), &tensor, status)
        if let error = ServingError(status) { throw error }
        guard let tensor else { throw invalid("input \(index) is missing") }
        tensors.append(tensor)
        return tensor
    }

    /// The elements of an input of one dimension. The graph sees to it that it is of that type.
    func vector<Element: BitwiseCopyable>(
        _ index: Int,
        _ name: StaticString,
        of type: Element.Type
    ) throws(ServingError) -> UnsafeBufferPointer<Element> {
        let tensor = try input(index)
        guard TF_NumDims(tensor) == 1 else {
            throw invalid("\(name) has \(TF_NumDims(tensor)) dimensions; 1 is expected")
        }
        return Self.elements(of: tensor, as: type)
    }

    /// The elements of an input of two dimensions, row after row, and how many rows and columns it has.
    func matrix<Element: BitwiseCopyable>(
        _ index: Int,
        _ name: String,
        of type: Element.Type
    ) throws(ServingError) -> (elements: UnsafeBufferPointer<Element>, rows: Int, columns: Int) {
        let tensor = try input(index)
        let shape = Self.shape(of: tensor)
        guard shape.count == 2 else { throw invalid("\(name) has \(shape.count) dimensions; 2 are expected") }
        return (Self.elements(of: tensor, as: type), shape[0], shape[1])
    }

    static func shape(of tensor: OpaquePointer) -> [Int] {
        (0..<TF_NumDims(tensor)).map { Int(TF_Dim(tensor, $0)) }
    }

    /// All elements of a tensor of a type of fixed width.
    static func elements<Element: BitwiseCopyable>(
        of tensor: OpaquePointer,
        as type: Element.Type
    ) -> UnsafeBufferPointer<Element> {
        let count = TF_TensorByteSize(tensor) / MemoryLayout<Element>.stride
        let start = UnsafePointer(TF_TensorData(tensor)?.assumingMemoryBound(to: type))
        return UnsafeBufferPointer(start: start, count: start == nil ? 0 : count)
    }

    /// An input as a tensor of ours, which stays however long it is needed.
    func tensor(_ index: Int) throws(ServingError) -> Tensor {
        var tensor: OpaquePointer?
        TF_GetInput(handle, Int32(index), &tensor, status)
        if let error = ServingError(status) { throw error }
        guard let tensor else { throw invalid("input \(index) is missing") }
        return try OutputTensor.take(tensor)
    }

    // MARK: Outputs

    var outputCount: Int { Int(TF_NumOutputs(handle)) }

    /// The number of the `DataType` that the graph takes an output for.
    func outputType(_ index: Int) -> Int32 { TF_ExpectedOutputDataType(handle, Int32(index)) }

    /// Memory for an output of fixed-width elements, uninitialised.
    ///
    /// - Throws: `RESOURCE_EXHAUSTED` for more than `maximumElements`, or when there is no memory.
    func allocate<Element: BitwiseCopyable>(
        _ index: Int,
        _ type: ElementType,
        shape: [Int],
        of element: Element.Type
    ) throws(ServingError) -> UnsafeMutableBufferPointer<Element> {
        let bytes = try allocate(index, type, width: MemoryLayout<Element>.stride, shape: shape)
        return bytes.bindMemory(to: element)
    }

    /// As the other, for elements of `width` bytes.
    func allocate(
        _ index: Int,
        _ type: ElementType,
        width: Int,
        shape: [Int]
    ) throws(ServingError) -> UnsafeMutableRawBufferPointer {
        let count = try elementCount(of: shape, index)
        let tensor = TF_AllocateOutput(
            handle,
            Int32(index),
            type.rawValue,
            shape.map(Int64.init),
            Int32(shape.count),
            count * width,
            status
        )
        if let error = ServingError(status) { throw error }
        guard let tensor else { throw ServingError(.resourceExhausted, "\(operation): no memory for an output") }
        tensors.append(tensor)
        let start = TF_TensorData(tensor)
        return UnsafeMutableRawBufferPointer(start: start, count: start == nil ? 0 : count * width)
    }

    /// TensorFlow ends the process when it is asked for a shape that it cannot hold.
    private func elementCount(of shape: [Int], _ index: Int) throws(ServingError) -> Int {
        // With sizes of 0 counted as 1: other operations multiply the rest.
        var extent = 1
        for size in shape {
            let (product, overflow) = extent.multipliedReportingOverflow(by: max(size, 1))
            guard size >= 0, !overflow, product <= Self.maximumElements, shape.count <= InputTensor.maximumRank else {
                throw ServingError(
                    .resourceExhausted,
                    "\(operation): output \(index) would have shape \(shape.prefix(16)); at most "
                        + "\(Self.maximumElements) elements are allowed"
                )
            }
            extent = product
        }
        return shape.contains(0) ? 0 : extent
    }

    /// Far above what a request that can be sent needs, and below what would take all memory of a machine: row splits
    /// are a few bytes however many rows they speak of.
    static let maximumElements = 1 << 28

    /// Sets an output to these elements, in one dimension.
    func set(_ index: Int, to elements: [Int64]) throws(ServingError) {
        _ = try allocate(index, .int64, shape: [elements.count], of: Int64.self).update(from: elements)
    }

    /// Sets an output to a tensor of TensorFlow's, whose memory is shared.
    func set(_ index: Int, to tensor: OpaquePointer) throws(ServingError) {
        TF_SetOutput(handle, Int32(index), tensor, status)
        if let error = ServingError(status) { throw error }
    }

    /// Sets an output to a tensor of ours, whose memory is shared.
    ///
    /// - Parameter name: of the output, for error texts.
    /// - Throws: `INVALID_ARGUMENT` when it is of another type than the graph takes the output for.
    func set(_ index: Int, to tensor: Tensor, _ name: String) throws(ServingError) {
        guard tensor.elementType.rawValue == outputType(index) else {
            let expected = ElementType(rawValue: outputType(index))?.name ?? "DataType \(outputType(index))"
            throw invalid("\(name) is of type \(tensor.elementType.name); the graph expects \(expected)")
        }
        let (made, _) = try InputTensor.make(tensor)
        tensors.append(made)
        try set(index, to: made)
    }
}
