/// One name held against a pattern: all places of the program that the name so far can be at, best first.
struct NamePatternRun {
    private struct Place {
        var instruction: Int
        /// Where groups begin and end in the name; -1 is nowhere yet.
        var marks: [Int]
    }

    private let program: [NamePattern.Instruction]
    private let scalars: [Unicode.Scalar]
    private let extent: NamePattern.Extent
    /// Of the best way to match; `nil` when there is none.
    private(set) var marks: [Int]?

    init(
        _ program: [NamePattern.Instruction],
        _ scalars: [Unicode.Scalar],
        _ extent: NamePattern.Extent,
        markCount: Int
    ) {
        self.program = program
        self.scalars = scalars
        self.extent = extent
        run(markCount)
    }

    private mutating func run(_ markCount: Int) {
        var places = closure([Place(instruction: 0, marks: Array(repeating: -1, count: markCount))], at: 0)
        for position in 0...scalars.count {
            var next: [Place] = []
            for place in places {
                switch program[place.instruction] {
                case .match:
                    guard extent == .beginning || position == scalars.count else { continue }
                    marks = place.marks
                case .characters(let set):
                    guard position < scalars.count, set.contains(scalars[position]) else { continue }
                    next.append(Place(instruction: place.instruction + 1, marks: place.marks))
                    continue
                default: continue
                }
                // What comes behind a match is worse.
                break
            }
            guard !next.isEmpty else { return }
            places = closure(next, at: position + 1)
        }
    }

    /// Follows what takes no character, each instruction once, in the order of preference.
    private func closure(_ places: [Place], at position: Int) -> [Place] {
        var seen = [Bool](repeating: false, count: program.count)
        var found: [Place] = []
        var open = Array(places.reversed())
        while var place = open.popLast() {
            guard !seen[place.instruction] else { continue }
            seen[place.instruction] = true
            switch program[place.instruction] {
            case .characters, .match: found.append(place)
            case .jump(let target):
                place.instruction = target
                open.append(place)
            case .split(let first, let second):
                open.append(Place(instruction: second, marks: place.marks))
                open.append(Place(instruction: first, marks: place.marks))
            case .mark(let number):
                place.marks[number] = position
                place.instruction += 1
                open.append(place)
            case .start, .end:
                let isThere = program[place.instruction] == .start ? position == 0 : position == scalars.count
                place.instruction += 1
                if isThere { open.append(place) }
            }
        }
        return found
    }
}
