/// A queue in which each element costs the same, however many there are.
public struct FirstInFirstOut<Element> {
    /// Oldest last.
    private var leaving: [Element] = []
    private var arriving: [Element] = []

    public init() {}

    public var count: Int { leaving.count + arriving.count }
    public var isEmpty: Bool { count == 0 }

    public mutating func append(_ element: Element) { arriving.append(element) }

    public mutating func popFirst() -> Element? {
        if leaving.isEmpty {
            leaving = arriving.reversed()
            arriving = []
        }
        return leaving.popLast()
    }
}
