/// Writes elements of a fixed width front to back; what does not fit is ignored.
struct ElementFiller {
    private let target: UnsafeMutableRawBufferPointer
    private let width: Int
    /// Bytes written. Not a whole number of elements only between the halves of a complex number.
    private var written = 0

    init(_ target: UnsafeMutableRawBufferPointer, width: Int) {
        self.target = target
        self.width = width
    }

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        let count = min(bytes.count, target.count - written)
        UnsafeMutableRawBufferPointer(rebasing: target[written..<(written + count)])
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<count]))
        written += count
    }

    @inline(__always)
    mutating func append<Element: FixedWidthInteger & BitwiseCopyable>(
        _ payload: TypedValue.Payload,
        _ convert: (UInt64) -> Element
    ) {
        let stride = MemoryLayout<Element>.stride
        let room = (target.count - written) / stride
        switch payload {
        case .packedVarints(let run):
            let start = written
            run.decode(limit: room) { index, value in
                target.storeBytes(of: convert(value), toByteOffset: start + index * stride, as: Element.self)
            }
            written += min(room, run.count) * stride
        case .single(let value):
            guard room > 0 else { return }
            target.storeBytes(of: convert(value), toByteOffset: written, as: Element.self)
            written += stride
        case .packed, .string:
            break
        }
    }

    /// Repeats the last whole element to the end; zeros when there is none.
    mutating func fillUp() {
        written -= written % width
        guard written < target.count else { return }
        guard written > 0 else {
            UnsafeMutableRawBufferPointer(rebasing: target[...]).initializeMemory(as: UInt8.self, repeating: 0)
            return
        }
        // Copies what has been repeated so far, so that the number of copies grows with the logarithm of the size.
        let first = written - width
        while written < target.count {
            let count = min(written - first, target.count - written)
            UnsafeMutableRawBufferPointer(rebasing: target[written..<(written + count)])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: target[first..<(first + count)]))
            written += count
        }
    }
}
