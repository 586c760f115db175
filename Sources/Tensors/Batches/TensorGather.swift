/// Puts tensors together by rows: concatenates them along dimension 0 into one aligned tensor, each byte copied once.
///
/// Of strings only the views are copied; the result keeps the tensors they belong to.
public struct TensorGather: Sendable {
    /// Pads the dimensions after the first to the largest among the tensors: at the end, with each tensor's own first
    /// element.
    public var pads: Bool
    /// Rows that are added at the end: copies of the first row of the last tensor that has rows.
    public var extraRows: Int
    /// Padding can make much of little: largest result that padding may make, in bytes, unless the tensors themselves
    /// have an eighth of it.
    public var maximumPaddedByteCount: Int

    public init(pads: Bool = false, extraRows: Int = 0, maximumPaddedByteCount: Int = 1 << 30) {
        precondition(extraRows >= 0, "a number of rows is not negative")
        self.pads = pads
        self.extraRows = extraRows
        self.maximumPaddedByteCount = maximumPaddedByteCount
    }

    /// Ranks that can be padded, as TensorFlow's `Pad` has it.
    static var paddedRanks: ClosedRange<Int> { 1...6 }

    /// - Parameter tensors: at least one; each of them with a first dimension.
    public func callAsFunction(_ tensors: [Tensor]) throws(TensorGatherError) -> Tensor {
        precondition(
            !tensors.isEmpty && tensors.allSatisfy { $0.shape.rank > 0 },
            "only tensors with rows can be gathered"
        )
        let rowShape = try check(tensors)
        // Without a row there is none to repeat.
        let repeated = tensors.last { $0.shape[0] > 0 }
        let extraRows = repeated == nil ? 0 : extraRows
        if tensors.count == 1, extraRows == 0 { return tensors[0] }
        let shape = try resultShape(tensors, rowShape, extraRows)
        let stride = tensors[0].elementStride
        guard let storage = AlignedStorage(byteCount: shape.elementCount * stride) else {
            throw .tooLarge("there is no memory for \(shape.elementCount * stride) bytes")
        }
        var position = 0
        for tensor in tensors { position += copy(tensor, to: storage.base + position, shape) }
        if let repeated, extraRows > 0 {
            let row = repeated.rows(0..<1)
            for _ in 0..<extraRows { position += copy(row, to: storage.base + position, shape) }
        }
        return tensor(storage, shape, tensors)
    }

    // MARK: Shapes

    /// Returns a shape whose dimensions after the first are those of the result.
    private func check(_ tensors: [Tensor]) throws(TensorGatherError) -> TensorShape {
        let first = tensors[0]
        var largest = first.shape
        for tensor in tensors {
            let shape = tensor.shape
            guard tensor.elementType == first.elementType else {
                throw .differentTypes(first.elementType, tensor.elementType)
            }
            if pads, !Self.paddedRanks.contains(shape.rank) { throw .rankNotPadded(shape.rank) }
            if shape.hasRowsLike(largest) { continue }
            guard pads, shape.rank == first.shape.rank else { throw .differentShapes(first.shape, shape) }
            largest = try Self.maximum(largest, shape)
        }
        for tensor in tensors
        where tensor.shape[0] > 0 && tensor.shape.elementCount == 0 && largest.elementsPerRow > 0 {
            throw .emptyTensor(tensor.shape)
        }
        return largest
    }

    private static func maximum(_ a: TensorShape, _ b: TensorShape) throws(TensorGatherError) -> TensorShape {
        do throws(TensorError) {
            return try TensorShape((0..<a.rank).map { $0 == 0 ? 1 : max(a[$0], b[$0]) })
        } catch {
            throw .tooLarge(error.message)
        }
    }

    private func resultShape(
        _ tensors: [Tensor],
        _ rowShape: TensorShape,
        _ extraRows: Int
    ) throws(TensorGatherError) -> TensorShape {
        var rows = extraRows
        var bytes = 0
        for tensor in tensors {
            let (sum, overflow) = rows.addingReportingOverflow(tensor.shape[0])
            guard !overflow else { throw .tooLarge("the number of rows overflows 64 bits") }
            rows = sum
            bytes += tensor.shape.elementCount * tensor.elementStride
        }
        do throws(TensorError) {
            let shape = try rowShape.withRows(rows)
            let (byteCount, overflow) = shape.elementCount.multipliedReportingOverflow(by: tensors[0].elementStride)
            let isPadded = !tensors.allSatisfy { $0.shape.hasRowsLike(shape) }
            guard !overflow, !isPadded || byteCount <= max(maximumPaddedByteCount, bytes) || byteCount / 8 <= bytes
            else {
                throw TensorError("padded to shape \(shape) they need more than \(maximumPaddedByteCount) bytes")
            }
            return shape
        } catch {
            throw .tooLarge(error.message)
        }
    }

    // MARK: Bytes

    /// Writes the tensor, padded to rows like those of `shape`. Returns the bytes written.
    private func copy(_ tensor: Tensor, to target: UnsafeMutableRawPointer, _ shape: TensorShape) -> Int {
        let stride = tensor.elementStride
        let byteCount = tensor.shape[0] * shape.elementsPerRow * stride
        guard byteCount > 0, let source = tensor.base else { return 0 }
        if tensor.shape.hasRowsLike(shape) {
            target.copyMemory(from: source, byteCount: byteCount)
        } else {
            PaddedCopy(from: tensor.shape, to: shape, stride: stride, filler: source)
                .copy(source, to: target, rows: tensor.shape[0])
        }
        withExtendedLifetime(tensor.memoryOwner) {}
        return byteCount
    }

    private func tensor(_ storage: AlignedStorage, _ shape: TensorShape, _ sources: [Tensor]) -> Tensor {
        let type = sources[0].elementType
        let owner: AnyObject = type == .string ? GatheredStrings(storage, sources.map(\.memoryOwner)) : storage
        return Tensor(uncheckedType: type, shape: shape, base: UnsafeRawPointer(storage.base), owner: owner)
    }
}

/// Owns the views of gathered strings, and those who own what they view.
private final class GatheredStrings {
    private let elements: AlignedStorage
    private let owners: [AnyObject]

    init(_ elements: AlignedStorage, _ owners: [AnyObject]) {
        self.elements = elements
        self.owners = owners
    }
}
