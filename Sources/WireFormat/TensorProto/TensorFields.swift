import Tensors

/// The fields of one `tensorflow.TensorProto` as they were met on the wire: checked, not yet decoded.
///
/// Nothing is copied; buffers point into the message. Only what every tensor has is kept here. When the elements do
/// not lie in one run, the pieces are read a second time (see `forEachValue`).
struct TensorFields {
    private(set) var dtype: Int32 = 0
    private(set) var dimensions = TensorShape.Builder()
    /// Why the dimensions do not make a shape. Kept until the tensor is asked for, because a later map entry of the
    /// same name may replace it.
    private(set) var shapeError: TensorError?
    /// `tensor_content`, empty when absent.
    private(set) var content = UnsafeRawBufferPointer(start: nil, count: 0)
    /// `float8_val`, empty when absent.
    private(set) var float8 = UnsafeRawBufferPointer(start: nil, count: 0)
    /// The typed values met.
    private(set) var values = Values.none
    private var firstPiece = UnsafeRawBufferPointer(start: nil, count: 0)
    /// Nearly always empty: a message field that occurs more than once is merged.
    private var morePieces: [UnsafeRawBufferPointer] = []

    enum Values {
        case none
        /// Exactly one packed run, or one single number.
        case run(TypedValue)
        /// Nothing but so many `string_val`.
        case strings(Int)
        /// Several runs, single values, or values of several fields.
        case mixed
    }

    /// Reads one piece of a TensorProto. Several pieces add up, as protobuf merges messages.
    mutating func merge(_ piece: UnsafeRawBufferPointer) throws(WireError) {
        if firstPiece.baseAddress == nil { firstPiece = piece } else { morePieces.append(piece) }
        var reader = WireReader(piece)
        while !reader.isAtEnd {
            let tag = try reader.tag()
            switch tag {
            case .varint(TensorField.dtype): dtype = Int32(truncatingIfNeeded: try reader.varint())
            case .bytes(TensorField.shape): try mergeShape(try reader.payload())
            case .bytes(TensorField.content): content = try reader.payload()
            case .bytes(TensorField.float8): float8 = try reader.payload()
            // Resource handles and variants mean nothing outside the process that made them: passed over unread.
            default:
                guard let value = try TypedValue(tag, &reader) else {
                    try reader.skip(tag)
                    continue
                }
                note(value)
            }
        }
    }

    private mutating func note(_ value: TypedValue) {
        if value.isEmpty { return }
        switch (values, value.isString) {
        case (.none, false): values = .run(value)
        case (.none, true): values = .strings(1)
        case (.strings(let count), true): values = .strings(count + 1)
        default: values = .mixed
        }
    }

    private mutating func mergeShape(_ bytes: UnsafeRawBufferPointer) throws(WireError) {
        var reader = WireReader(bytes)
        while !reader.isAtEnd {
            let tag = try reader.tag()
            switch tag {
            case .bytes(2): appendDimension(try Self.dimension(try reader.payload()))
            // unknown_rank (3) is skipped, too: TensorFlow reads such a shape by its dimensions.
            default: try reader.skip(tag)
            }
        }
    }

    private mutating func appendDimension(_ size: Int) {
        guard shapeError == nil else { return }
        do throws(TensorError) { try dimensions.append(size) } catch { shapeError = error }
    }

    private static func dimension(_ bytes: UnsafeRawBufferPointer) throws(WireError) -> Int {
        var reader = WireReader(bytes)
        var size = 0
        while !reader.isAtEnd {
            let tag = try reader.tag()
            switch tag {
            case .varint(1): size = Int(truncatingIfNeeded: try reader.varint())
            case .bytes(2): _ = try reader.string()
            default: try reader.skip(tag)
            }
        }
        return size
    }

    /// Calls `body` with every value of `field`, in order: whole packed runs, or single ones.
    func forEachValue(of field: UInt32, _ body: (TypedValue.Payload) -> Void) throws(WireError) {
        try Self.forEachValue(of: field, in: firstPiece, body)
        for piece in morePieces { try Self.forEachValue(of: field, in: piece, body) }
    }

    private static func forEachValue(
        of field: UInt32,
        in piece: UnsafeRawBufferPointer,
        _ body: (TypedValue.Payload) -> Void
    ) throws(WireError) {
        var reader = WireReader(piece)
        while !reader.isAtEnd {
            let tag = try reader.tag()
            if tag.field == field, let value = try TypedValue(tag, &reader) {
                body(value.payload)
            } else {
                try reader.skip(tag)
            }
        }
    }
}
