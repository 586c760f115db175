/// What stands between the numbers of nested lists while they are written one after another.
struct NumberLayout {
    /// Of the lists, outermost first; none is 0. Empty for a number that is in no list.
    private let sizes: [Int]
    /// Lists that have been written whole, inside the one around them, by level.
    private var counts: [Int]
    /// Lists and objects around the outermost list.
    private let level: Int
    private let isSingleLine: Bool
    /// `false` when the outermost brackets are written elsewhere.
    var hasOuterBrackets = true
    /// Numbers until the innermost list is full; `nil` before the first number.
    private var remaining: Int?

    init(_ sizes: [Int], level: Int, isSingleLine: Bool) {
        self.sizes = sizes
        self.level = level
        self.isSingleLine = isSingleLine
        counts = Array(repeating: 0, count: max(sizes.count - 1, 0))
    }

    var elementCount: Int { sizes.reduce(1, *) }

    /// Bytes that one call writes at most: a bracket with a new line for each level, twice, a comma and a new line.
    var maximumLength: Int { (2 * sizes.count + 1) * (isSingleLine ? 2 : 2 + 4 * (level + sizes.count)) + 2 }

    /// Writes what stands in front of the next number.
    @inline(__always)
    mutating func writeSeparator(to target: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8> {
        guard let left = remaining, left > 0 else { return writeBrackets(to: target) }
        remaining = left &- 1
        target[0] = UInt8(ascii: ",")
        guard isSingleLine else { return writeNewLine(level + sizes.count, to: target + 1) }
        target[1] = UInt8(ascii: " ")
        return target + 2
    }

    /// Writes what stands behind the last number.
    func writeEnd(to target: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8> {
        writeClosing(hasOuterBrackets ? sizes.count : sizes.count - 1, to: target)
    }

    /// In front of the first number of an innermost list.
    @inline(never)
    private mutating func writeBrackets(to target: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8> {
        guard let inner = sizes.last else { return target }
        var next = target
        var ending = hasOuterBrackets ? sizes.count : sizes.count - 1
        if remaining != nil {
            ending = endLists()
            next = writeClosing(ending, to: next)
            next[0] = UInt8(ascii: ",")
            next += 1
            if isSingleLine {
                next[0] = UInt8(ascii: " ")
                next += 1
            } else {
                next = writeNewLine(level + sizes.count - ending, to: next)
            }
        } else if !hasOuterBrackets, !isSingleLine {
            next = writeNewLine(level + 1, to: next)
        }
        remaining = inner - 1
        return writeOpening(ending, to: next)
    }

    /// The innermost list is full: counts it; returns how many lists end with it.
    private mutating func endLists() -> Int {
        var ending = 1
        while ending < sizes.count {
            let place = counts.count - ending
            counts[place] += 1
            guard counts[place] == sizes[place] else { return ending }
            counts[place] = 0
            ending += 1
        }
        return ending
    }

    private func writeOpening(_ count: Int, to target: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8> {
        var next = target
        for index in 0..<count {
            next[0] = UInt8(ascii: "[")
            next += 1
            if !isSingleLine { next = writeNewLine(level + sizes.count - count + index + 1, to: next) }
        }
        return next
    }

    private func writeClosing(_ count: Int, to target: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8> {
        var next = target
        for index in 0..<count {
            if !isSingleLine { next = writeNewLine(level + sizes.count - index - 1, to: next) }
            next[0] = UInt8(ascii: "]")
            next += 1
        }
        return next
    }

    @inline(__always)
    private func writeNewLine(_ level: Int, to target: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8> {
        target[0] = UInt8(ascii: "\n")
        (target + 1).update(repeating: UInt8(ascii: " "), count: 4 * level)
        return target + 1 + 4 * level
    }
}
