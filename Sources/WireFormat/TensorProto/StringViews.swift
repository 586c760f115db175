import Tensors

/// The array of views that a string tensor consists of, in one block of memory with a reference to the owner of the
/// bytes they point to.
final class StringViews: ManagedBuffer<StringViews.Header, StringElement> {
    struct Header {
        let owner: AnyObject
        let capacity: Int
        var count = 0
    }

    static func make(capacity: Int, owner: AnyObject) -> StringViews {
        let buffer = create(minimumCapacity: capacity) { _ in Header(owner: owner, capacity: capacity) }
        // `create` makes an instance of the class it is called on.
        return unsafeDowncast(buffer, to: StringViews.self)
    }

    /// Adds a view of `bytes`; without effect when the tensor is full.
    func append(_ bytes: UnsafeRawBufferPointer) {
        withUnsafeMutablePointers { header, elements in
            guard header.pointee.count < header.pointee.capacity else { return }
            (elements + header.pointee.count).initialize(to: StringElement(bytes))
            header.pointee.count += 1
        }
    }

    /// All elements, the missing ones being the last one again, or empty strings when there is none.
    ///
    /// The buffer lies in this object and is good as long as it lives. Its elements need no deinitialization.
    func filledUp() -> UnsafeBufferPointer<StringElement> {
        withUnsafeMutablePointers { header, elements in
            let count = header.pointee.count
            let last = count > 0 ? elements[count - 1] : StringElement(start: nil, count: 0)
            (elements + count).initialize(repeating: last, count: header.pointee.capacity - count)
            header.pointee.count = header.pointee.capacity
            return UnsafeBufferPointer(start: elements, count: header.pointee.capacity)
        }
    }
}
