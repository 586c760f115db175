import ServingPrimitives
import Tensors

/// A `tensorflow.serving.Input` while it is read: where its serialized examples lie. They are not decoded.
///
/// Several occurrences add up, as protobuf merges messages; of the two kinds the last one met counts.
struct ExampleInputFields {
    /// Field numbers of the two kinds.
    private enum Kind: UInt32 {
        case list = 1
        case listWithContext = 2
    }

    private var kind = Kind.list
    /// The bytes of each occurrence of the list.
    private var pieces: [UnsafeRawBufferPointer] = []
    /// The bytes of each occurrence of the context: put together they are the merged context.
    private var context: [UnsafeRawBufferPointer] = []
    private var count = 0

    mutating func merge(_ input: UnsafeRawBufferPointer) throws(WireError) {
        var reader = WireReader(input)
        while !reader.isAtEnd {
            let tag = try reader.tag()
            switch tag {
            case .bytes(Kind.list.rawValue): try add(try reader.payload(), .list)
            case .bytes(Kind.listWithContext.rawValue): try add(try reader.payload(), .listWithContext)
            default: try reader.skip(tag)
            }
        }
    }

    private mutating func add(_ piece: UnsafeRawBufferPointer, _ kind: Kind) throws(WireError) {
        if kind != self.kind { self = ExampleInputFields() }
        self.kind = kind
        pieces.append(piece)
        try forEachExample(in: piece, context: { context.append($0) }, { _ in count += 1 })
    }

    private func forEachExample(
        in piece: UnsafeRawBufferPointer,
        context: (UnsafeRawBufferPointer) -> Void,
        _ body: (UnsafeRawBufferPointer) -> Void
    ) throws(WireError) {
        var reader = WireReader(piece)
        while !reader.isAtEnd {
            let tag = try reader.tag()
            switch tag {
            case .bytes(1): body(try reader.payload())
            case .bytes(2) where kind == .listWithContext: context(try reader.payload())
            default: try reader.skip(tag)
            }
        }
    }

    /// A string vector of the examples: views of the message, or copies with the context's bytes in front of each.
    ///
    /// - Parameters:
    ///   - owner: keeps the message's bytes alive.
    ///   - byteCount: of the whole message.
    /// - Throws: as `ExampleContext`.
    func examples(owner: AnyObject, messageByteCount byteCount: Int) throws(ServingError) -> Tensor {
        let examples = try views(owner)
        return try ExampleContext.prepend(context.flatMap { Array($0) }, to: examples, requestByteCount: byteCount)
    }

    private func views(_ owner: AnyObject) throws(ServingError) -> Tensor {
        let views = StringViews.make(capacity: count, owner: owner)
        forEachExample { views.append($0) }
        do throws(TensorError) {
            return try Tensor(strings: views.filledUp(), .vector(count), owner: views)
        } catch {
            throw .internalError("The examples of a request are not as many as were counted: \(error.message)")
        }
    }

    /// Calls `body` with each example. The pieces were read before: there is nothing wrong with them.
    private func forEachExample(_ body: (UnsafeRawBufferPointer) -> Void) {
        for piece in pieces { try? forEachExample(in: piece, context: { _ in }, body) }
    }
}
