/// First in, first out, in one array.
struct FIFO<Element> {
    private var elements: [Element] = []
    private var head = 0

    var isEmpty: Bool { head == elements.count }
    var count: Int { elements.count - head }
    var first: Element? { head < elements.count ? elements[head] : nil }

    @inline(__always)
    mutating func append(_ element: Element) { elements.append(element) }

    @inline(__always)
    mutating func removeFirst() {
        head += 1
        if head == elements.count {
            removeAll()
        } else if head > 1024, head > elements.count / 2 {
            elements.removeFirst(head)
            head = 0
        }
    }

    mutating func removeAll() {
        elements.removeAll(keepingCapacity: true)
        head = 0
    }
}
