import EngineInterface
import ServingPrimitives
import Tensors

/// Collects the elements and the shape of one input while its JSON is read.
///
/// An input is one item (`inputs`, columnar form) or as many equal items as there are rows (`instances`). The shape
/// of an item is taken from the lists on the way to its first element; all later lists must fit.
final class TensorAccumulator {
    let name: String
    /// `nil` where the signature declares a type that requests cannot carry.
    let elementType: ElementType?
    /// Among how many inputs the rest of the document is shared.
    let share: Int
    var memory: ElementMemory
    var strings = StringTensorBuilder()
    /// Elements of all items.
    var count = 0
    private(set) var itemCount = 0
    private var firstItem: (shape: [Int], count: Int)?

    // The item that is being read.
    private var countBefore = 0
    /// Number of lists around an element; `nil` until the first element or an empty list shows it.
    private(set) var rank: Int?
    /// Size of the lists at each level, in the order in which their first list ended: innermost first.
    private var sizes: [Int] = []
    /// Elements so far of the open lists, outermost first.
    private var openCounts: [Int] = []

    /// - Parameters:
    ///   - remainingBytes: of the document, from the data on.
    ///   - inputCount: among how many inputs these are shared.
    init(_ parameter: Signature.Parameter, remainingBytes: Int, inputCount: Int) {
        name = parameter.name
        elementType = parameter.elementType
        share = inputCount
        // Two bytes of text make at most one element. Larger tensors grow as they are read.
        memory = ElementMemory(capacity: min(remainingBytes / 2 + 1, 512) * (elementType?.byteWidth ?? 1))
    }

    var isOpen: Bool { !openCounts.isEmpty }
    /// Lists open around the cursor.
    var level: Int { openCounts.count }
}

// MARK: Items

extension TensorAccumulator {
    func beginItem() {
        countBefore = count
        rank = nil
        sizes.removeAll(keepingCapacity: true)
        openCounts.removeAll(keepingCapacity: true)
    }

    /// Compares the finished item with the first one.
    func endItem() -> ServingError? {
        guard let firstItem else {
            firstItem = (sizes.reversed(), count - countBefore)
            itemCount += 1
            return nil
        }
        guard firstItem.count == count - countBefore else {
            return .invalidArgument("Expecting tensor size: \(firstItem.count) but got: \(count - countBefore)")
        }
        guard firstItem.shape.count == sizes.count, firstItem.shape.elementsEqual(sizes.reversed()) else {
            return .invalidArgument(
                "Expecting shape \(Self.text(firstItem.shape)) but got: \(Self.text(sizes.reversed()))"
            )
        }
        itemCount += 1
        return nil
    }

    /// Whether items are single values, so that a run of them can be read at once.
    var itemsAreScalars: Bool { firstItem?.shape.isEmpty ?? false }

    /// Takes a rectangle as the rows of the input, of which there are none yet.
    func addRows(_ rows: ListRectangle) {
        firstItem = (rows.sizes(from: 1), rows.elementCount / rows.sizes[0])
        itemCount = rows.sizes[0]
    }

    /// Takes a rectangle as the lists of an item that has begun.
    func addToItem(_ lists: ListRectangle) { sizes.append(contentsOf: lists.sizes(from: 0).reversed()) }

    /// Counts `count` more scalar items, whose elements are in already.
    func addScalarItems(_ count: Int) { itemCount += count }

    private static func text(_ shape: [Int]) -> String {
        "[" + shape.map(String.init).joined(separator: ",") + "]"
    }

    /// - Parameter rows: whether the items are rows of a batch: their number becomes the first dimension.
    func finish(rows: Bool) throws(ServingError) -> Tensor {
        do throws(TensorError) {
            let shape = try shape(rows: rows)
            guard elementType != .string else { return try strings.finish(shape) }
            let width = elementType?.byteWidth ?? 0
            return try Tensor(
                elementType ?? .uint8,
                shape,
                bytes: UnsafeRawBufferPointer(start: memory.base, count: count * width),
                owner: memory
            )
        } catch {
            // Rank or element count beyond what a tensor can have; TensorFlow Serving fails on it one step later.
            throw .invalidArgument("tensor parsing error: \(name)")
        }
    }

    private func shape(rows: Bool) throws(TensorError) -> TensorShape {
        var shape = TensorShape.Builder()
        if rows { try shape.append(itemCount) }
        for size in firstItem?.shape ?? [] { try shape.append(size) }
        return shape.finish()
    }
}

// MARK: Lists

extension TensorAccumulator {
    /// A list begins inside the item.
    func openList() -> ServingError? {
        if let rank, level >= rank {
            return .invalidArgument("Encountered list at unexpected level: \(level) expected < \(rank)")
        }
        guard level < TensorShape.maximumRank else { return .invalidArgument("tensor parsing error: \(name)") }
        openCounts.append(0)
        return nil
    }

    /// The innermost list got `count` more elements.
    func addToList(_ count: Int = 1) {
        if !openCounts.isEmpty { openCounts[openCounts.count - 1] += count }
    }

    /// The innermost list ends.
    func closeList() -> ServingError? {
        let size = openCounts.removeLast()
        // The first path ends in an empty list when no element has been met.
        let rank = rank ?? level + 1
        self.rank = rank
        let place = rank - 1 - level
        guard place < sizes.count else {
            sizes.append(size)
            return nil
        }
        guard sizes[place] != size else { return nil }
        return .invalidArgument(
            "Encountered list at unexpected size: \(size) at level: \(level) expected size: \(sizes[place])"
        )
    }

    /// An element that is no list begins. `false` when it is at the wrong depth.
    func acceptsElement() -> Bool {
        guard let rank else {
            rank = level
            return true
        }
        return rank == level
    }
}
