/// Collects the elements of a string tensor into one block of memory.
public struct StringTensorBuilder {
    private var bytes: [UInt8] = []
    private var ends: [Int] = []

    public init() {}

    public var count: Int { ends.count }

    public mutating func append(_ element: UnsafeRawBufferPointer) {
        bytes.append(contentsOf: element)
        ends.append(bytes.count)
    }

    public mutating func append(contentsOf element: some Collection<UInt8>) {
        bytes.append(contentsOf: element)
        ends.append(bytes.count)
    }

    /// Appends one element whose bytes come in two parts.
    public mutating func append(_ start: some Collection<UInt8>, then rest: UnsafeRawBufferPointer) {
        bytes.append(contentsOf: start)
        append(rest)
    }

    /// All elements as a vector.
    public consuming func vector() -> Tensor { StringStorage(bytes: bytes, ends: ends).vector }

    /// - Throws: when the number of elements is not what `shape` needs.
    public consuming func finish(_ shape: TensorShape) throws(TensorError) -> Tensor {
        let storage = StringStorage(bytes: bytes, ends: ends)
        return try Tensor(strings: UnsafeBufferPointer(storage.elements), shape, owner: storage)
    }
}

/// Owns the bytes of a string tensor and the views into them.
private final class StringStorage {
    let elements: UnsafeMutableBufferPointer<StringElement>
    private let content: UnsafeMutableBufferPointer<UInt8>

    init(bytes: [UInt8], ends: [Int]) {
        content = .allocate(capacity: bytes.count)
        _ = content.initialize(from: bytes)
        elements = .allocate(capacity: ends.count)
        var start = 0
        for (index, end) in ends.enumerated() {
            elements.initializeElement(
                at: index,
                to: StringElement(
                    start: content.baseAddress.map { UnsafePointer($0 + start) },
                    count: end - start
                )
            )
            start = end
        }
    }

    /// All elements in one dimension.
    var vector: Tensor {
        Tensor(
            uncheckedType: .string,
            shape: .vector(elements.count),
            base: UnsafeRawPointer(elements.baseAddress),
            owner: self
        )
    }

    deinit {
        elements.deallocate()
        content.deallocate()
    }
}
