/// Reads elements of one type from a document into an accumulator's memory.
///
/// Its loops keep the place in the text and the count of elements in local variables, apart from the rare steps that
/// need more: so they stay in registers.
struct RunReader<Element: JSONElement> {
    private var scanner: JSONScanner
    private let memory: ElementMemory
    private var target: UnsafeMutablePointer<Element>
    /// Elements there is room for.
    private var capacity: Int
    /// Where the first element of this reader is in the text, and how many were in memory before it.
    private let start: (place: UnsafePointer<UInt8>, count: Int)
    private let share: Int

    /// - Parameter scanner: at the first element or bracket.
    @inline(__always)
    init(_ accumulator: TensorAccumulator, _ scanner: JSONScanner) {
        self.scanner = scanner
        memory = accumulator.memory
        target = memory.base.assumingMemoryBound(to: Element.self)
        capacity = memory.capacity / MemoryLayout<Element>.stride
        start = (scanner.cursor, accumulator.count)
        share = accumulator.share
    }

    /// Reads one element, number `count`; `false`, with the place unchanged, when another kind of value is there.
    @inline(__always)
    mutating func readElement(_ place: inout UnsafePointer<UInt8>, _ count: Int) throws(JSONSyntaxError) -> Bool {
        if readCommon(&place, count) { return true }
        scanner.cursor = place
        defer { place = scanner.cursor }
        guard let element = try Element.read(&scanner) else { return false }
        target[count] = element
        return true
    }

    /// Reads element number `count` if it is spelled as most are and not at the text's very end.
    @inline(__always)
    private mutating func readCommon(_ place: inout UnsafePointer<UInt8>, _ count: Int) -> Bool {
        if count == capacity { grow(at: place) }
        guard scanner.readableEnd - place >= NumberReader.lookahead,
            let element = Element.readCommon(&place)
        else { return false }
        target[count] = element
        return true
    }

    /// Reads any other element number `count`; `nil` when there is none. Otherwise the place behind it.
    @inline(never)
    private mutating func readUncommon(_ place: UnsafePointer<UInt8>, _ count: Int) -> UnsafePointer<UInt8>? {
        var next = place
        return (try? readElement(&next, count)) == true ? next : nil
    }

    /// Makes room for as many elements as the rest of the document is likely to have.
    @inline(never)
    private mutating func grow(at place: UnsafePointer<UInt8>) {
        let width = MemoryLayout<Element>.stride
        let remaining = (scanner.end - place) / share
        // An eighth more than at the rate so far, but never more than text of that length can hold.
        let rate = Double(max(capacity - start.count, 1)) / Double(max(place - start.place, 1))
        let likely = min(Int(Double(remaining) * rate * 1.125), remaining / 2) + 64
        let count = capacity
        memory.grow(toByteCount: max(count + likely, 2 * min(count, remaining)) * width, keeping: count * width)
        target = memory.base.assumingMemoryBound(to: Element.self)
        capacity = memory.capacity / width
    }
}

// MARK: Text between elements

extension RunReader {
    @inline(__always)
    private func peek(_ place: UnsafePointer<UInt8>) -> UInt8 { place < scanner.end ? place.pointee : 0 }

    /// Mostly there is one blank, or none.
    @inline(__always)
    private func skipWhitespace(_ place: inout UnsafePointer<UInt8>) {
        guard peek(place) <= 0x20 else { return }
        if peek(place) == 0x20 { place += 1 }
        guard peek(place) <= 0x20 else { return }
        var rest = scanner
        rest.cursor = place
        rest.skipWhitespace()
        place = rest.cursor
    }

    /// Behind a value: steps to what follows, over a comma if there is one.
    @inline(__always)
    private func takeComma(_ place: inout UnsafePointer<UInt8>) -> Bool {
        skipWhitespace(&place)
        guard peek(place) == UInt8(ascii: ",") else { return false }
        place += 1
        skipWhitespace(&place)
        return true
    }
}

// MARK: Lists

extension RunReader {
    /// Elements that follow one another in a list; the place ends behind the last.
    ///
    /// - Returns: whether it ended behind an element, not at a value of another kind.
    mutating func readList(_ place: inout UnsafePointer<UInt8>, _ count: inout Int) throws(JSONSyntaxError) -> Bool {
        while true {
            guard try readElement(&place, count) else { return false }
            count += 1
            var next = place
            guard takeComma(&next) else { return true }
            let byte = peek(next)
            if byte == UInt8(ascii: "[") || byte == UInt8(ascii: "{") { return true }
            place = next
        }
    }

    /// Nested lists down to elements; `nil` when they are no rectangle or no JSON.
    @inline(__always)
    mutating func readRectangle(_ place: inout UnsafePointer<UInt8>, _ count: inout Int) -> ListRectangle? {
        var rectangle = ListRectangle()
        var counts = InlineArray<8, Int>(repeating: 0)
        var level = 0
        while true {
            while peek(place) == UInt8(ascii: "[") {
                guard level < ListRectangle.maximumRank else { return nil }
                counts[level] = 0
                level += 1
                place += 1
                skipWhitespace(&place)
            }
            if rectangle.rank == 0 { rectangle.rank = level }
            guard level == rectangle.rank else { return nil }
            let before = count
            repeat {
                if !readCommon(&place, count) {
                    guard let next = readUncommon(place, count) else { return nil }
                    place = next
                }
                count += 1
            } while takeComma(&place)
            var size = count - before
            repeat {
                guard peek(place) == UInt8(ascii: "]") else { return nil }
                place += 1
                level -= 1
                guard rectangle.endList(level: level, size: size) else { return nil }
                if level == 0 { return rectangle }
                counts[level - 1] += 1
                size = counts[level - 1]
            } while !takeComma(&place)
        }
    }
}
