/// An immutable tensor over memory it shares: a slice of a received message, an engine's output, or a frozen
/// `TensorBuffer`. Copying a `Tensor` copies a reference.
///
/// Elements lie densely in row-major order, little endian. A string tensor's memory is an array of `StringElement`.
public struct Tensor: @unchecked Sendable {
    // Sendable: `base` is never written after the tensor is made, and `owner` keeps it alive.
    public let elementType: ElementType
    public let shape: TensorShape
    /// Start of the elements; 64-byte aligned or not, engines check.
    @usableFromInline let base: UnsafeRawPointer?
    @usableFromInline let owner: AnyObject

    /// A tensor of fixed-width elements over `bytes`, which `owner` keeps alive and nobody changes from now on.
    ///
    /// - Throws: when the byte count is not exactly what type and shape need, or the type is `string`.
    @inlinable
    public init(
        _ elementType: ElementType,
        _ shape: TensorShape,
        bytes: UnsafeRawBufferPointer,
        owner: AnyObject
    ) throws(TensorError) {
        guard let width = elementType.byteWidth else { throw TensorError("a string tensor is not made of plain bytes") }
        let (needed, overflow) = shape.elementCount.multipliedReportingOverflow(by: width)
        guard !overflow, needed == bytes.count else {
            throw TensorError(
                "\(bytes.count) bytes do not make a \(elementType.name) tensor of shape \(shape)"
                    + (overflow ? "" : ", which needs \(needed)")
            )
        }
        self.elementType = elementType
        self.shape = shape
        self.base = bytes.baseAddress
        self.owner = owner
    }

    /// A string tensor over `elements`, whose array and bytes `owner` keeps alive.
    @inlinable
    public init(
        strings elements: UnsafeBufferPointer<StringElement>,
        _ shape: TensorShape,
        owner: AnyObject
    ) throws(TensorError) {
        guard elements.count == shape.elementCount else {
            throw TensorError("\(elements.count) strings do not fill shape \(shape), which needs \(shape.elementCount)")
        }
        self.elementType = .string
        self.shape = shape
        self.base = UnsafeRawPointer(elements.baseAddress)
        self.owner = owner
    }

    @usableFromInline
    init(uncheckedType: ElementType, shape: TensorShape, base: UnsafeRawPointer?, owner: AnyObject) {
        self.elementType = uncheckedType
        self.shape = shape
        self.base = base
        self.owner = owner
    }

    /// What keeps the memory alive. Engines that borrow the memory past a call keep a reference to this.
    @inlinable public var memoryOwner: AnyObject { owner }

    /// Bytes of all elements; for strings, of their content.
    public var byteCount: Int {
        guard let width = elementType.byteWidth else { return withStrings { $0.reduce(0) { $0 + $1.count } } }
        return shape.elementCount * width
    }

    /// The elements' bytes, valid inside `body`. Empty for string tensors.
    @inlinable
    public func withUnsafeBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        defer { withExtendedLifetime(owner) {} }
        let width = elementType.byteWidth ?? 0
        return try body(UnsafeRawBufferPointer(start: base, count: shape.elementCount &* width))
    }

    /// The elements of a string tensor, valid inside `body`. Empty for other types.
    @inlinable
    public func withStrings<R, E: Error>(
        _ body: (UnsafeBufferPointer<StringElement>) throws(E) -> R
    ) throws(E) -> R {
        defer { withExtendedLifetime(owner) {} }
        guard elementType == .string, let base else { return try body(UnsafeBufferPointer(start: nil, count: 0)) }
        return try body(
            UnsafeBufferPointer(start: base.assumingMemoryBound(to: StringElement.self), count: shape.elementCount)
        )
    }
}

extension Tensor {
    /// A tensor of the given scalars in row-major order. `Scalar` must have exactly the element type's width.
    public init<Scalar: BitwiseCopyable>(
        _ elementType: ElementType,
        _ shape: TensorShape,
        scalars: [Scalar]
    ) throws(TensorError) {
        guard MemoryLayout<Scalar>.stride == elementType.byteWidth, scalars.count == shape.elementCount else {
            throw TensorError("\(scalars.count) scalars do not make a \(elementType.name) tensor of shape \(shape)")
        }
        var buffer = try TensorBuffer(elementType, shape)
        buffer.withUnsafeMutableBytes { target in scalars.withUnsafeBytes { target.copyMemory(from: $0) } }
        self = buffer.freeze()
    }

    /// A string tensor that owns copies of `strings`.
    public init(_ shape: TensorShape, strings: [some Sequence<UInt8>]) throws(TensorError) {
        var builder = StringTensorBuilder()
        for string in strings { builder.append(contentsOf: Array(string)) }
        self = try builder.finish(shape)
    }

    /// All elements as an array of `Scalar`, whose width must be the element type's.
    public func scalars<Scalar: BitwiseCopyable>(as type: Scalar.Type) -> [Scalar] {
        precondition(MemoryLayout<Scalar>.stride == elementType.byteWidth, "\(type) is not as wide as \(elementType)")
        return withUnsafeBytes { bytes in
            (0..<shape.elementCount).map {
                bytes.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Scalar>.stride, as: Scalar.self)
            }
        }
    }

    /// All elements of a string tensor, copied.
    public func stringValues() -> [[UInt8]] { withStrings { $0.map { Array($0.bytes) } } }
}
