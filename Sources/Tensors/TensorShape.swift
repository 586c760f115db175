/// The sizes of a tensor's dimensions, outermost first, with their product checked once.
///
/// Every dimension is at least 0 and the element count fits in `Int`. Up to six dimensions take no allocation.
public struct TensorShape: Sendable, Hashable {
    @usableFromInline static var inlineCapacity: Int { 6 }
    /// What TensorFlow accepts (`TensorShape::MaxDimensions`).
    public static var maximumRank: Int { 254 }

    /// Dimensions 0..<6, 0 where the rank is smaller.
    @usableFromInline var head: (Int, Int, Int, Int, Int, Int)
    /// Dimensions 6..., empty for nearly every tensor.
    @usableFromInline var tail: [Int]

    public let rank: Int
    /// The product of all dimensions; 1 for a scalar.
    public let elementCount: Int

    /// The shape of a scalar: no dimensions.
    public static let scalar = TensorShape(uncheckedHead: (0, 0, 0, 0, 0, 0), tail: [], rank: 0, elementCount: 1)

    @usableFromInline
    init(uncheckedHead head: (Int, Int, Int, Int, Int, Int), tail: [Int], rank: Int, elementCount: Int) {
        self.head = head
        self.tail = tail
        self.rank = rank
        self.elementCount = elementCount
    }

    /// - Throws: when a dimension is negative, the rank is above 254 or the product overflows.
    public init(_ dimensions: some Collection<Int>) throws(TensorError) {
        var builder = Builder()
        for dimension in dimensions { try builder.append(dimension) }
        self = builder.finish()
    }

    /// A vector of `count` elements.
    public static func vector(_ count: Int) -> TensorShape {
        precondition(count >= 0, "a vector cannot have \(count) elements")
        return TensorShape(uncheckedHead: (count, 0, 0, 0, 0, 0), tail: [], rank: 1, elementCount: count)
    }

    /// The size of dimension `index`, which must be below `rank`.
    @inlinable
    public subscript(index: Int) -> Int {
        precondition(index >= 0 && index < rank, "dimension index out of range")
        switch index {
        case 0: return head.0
        case 1: return head.1
        case 2: return head.2
        case 3: return head.3
        case 4: return head.4
        case 5: return head.5
        default: return tail[index - Self.inlineCapacity]
        }
    }

    public var dimensions: [Int] { (0..<rank).map { self[$0] } }

    /// This shape with a dimension put in front.
    public func prepending(_ dimension: Int) throws(TensorError) -> TensorShape {
        try TensorShape([dimension] + dimensions)
    }

    public static func == (a: TensorShape, b: TensorShape) -> Bool {
        a.rank == b.rank && a.head == b.head && a.tail == b.tail
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(rank)
        for index in 0..<rank { hasher.combine(self[index]) }
    }

    /// Collects dimensions one by one, as a decoder meets them.
    public struct Builder {
        @usableFromInline var head = (0, 0, 0, 0, 0, 0)
        @usableFromInline var tail: [Int] = []
        @usableFromInline var rank = 0
        /// Product of the non-zero dimensions, so that `[0, huge, huge]` is refused like `[huge, huge]`: TensorFlow
        /// refuses it, too.
        @usableFromInline var product = 1
        @usableFromInline var isEmpty = false

        @inlinable public init() {}

        @inlinable
        public mutating func append(_ dimension: Int) throws(TensorError) {
            guard dimension >= 0 else {
                throw TensorError("dimension \(rank) is \(dimension); expected 0 or more")
            }
            guard rank < TensorShape.maximumRank else {
                throw TensorError("more than \(TensorShape.maximumRank) dimensions")
            }
            switch rank {
            case 0: head.0 = dimension
            case 1: head.1 = dimension
            case 2: head.2 = dimension
            case 3: head.3 = dimension
            case 4: head.4 = dimension
            case 5: head.5 = dimension
            default: tail.append(dimension)
            }
            rank &+= 1
            if dimension == 0 {
                isEmpty = true
            } else {
                let (next, overflow) = product.multipliedReportingOverflow(by: dimension)
                guard !overflow else { throw TensorError("the product of the dimensions overflows 64 bits") }
                product = next
            }
        }

        @inlinable
        public func finish() -> TensorShape {
            TensorShape(uncheckedHead: head, tail: tail, rank: rank, elementCount: isEmpty ? 0 : product)
        }
    }
}

extension TensorShape: CustomStringConvertible {
    /// `[2,3]`, as TensorFlow prints shapes.
    public var description: String { "[" + dimensions.map(String.init).joined(separator: ",") + "]" }
}
