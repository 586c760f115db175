/// Which of the versions found in a base path should be served.
public enum VersionPolicy: Sendable, Hashable {
    /// The so many largest version numbers.
    case latest(Int)
    /// The so many largest when they are first looked for, and then those until one of them is gone.
    case latestOnce(Int)
    case all
    /// These, as far as they are there.
    case specific(Set<Int64>)

    /// The chosen ones among `listed`, largest first. `isFit` is asked only about versions that may be chosen, largest
    /// first, and not again once enough are found.
    func select(from listed: some Sequence<Int64>, where isFit: (Int64) -> Bool) -> [Int64] {
        let candidates = listed.sorted(by: >)
        switch self {
        case .latest(let count), .latestOnce(let count):
            var chosen: [Int64] = []
            for candidate in candidates where chosen.count < count && isFit(candidate) { chosen.append(candidate) }
            return chosen
        case .all:
            return candidates.filter(isFit)
        case .specific(let wanted):
            return candidates.filter { wanted.contains($0) && isFit($0) }
        }
    }
}
