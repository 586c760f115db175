import Testing

@testable import ModelSources

@Suite struct VersionPolicyTests {
    @Test(
        arguments: [
            (.latest(1), [1, 3, 2], [3]),
            (.latest(2), [1, 3, 2], [3, 2]),
            (.latest(5), [1, 3], [3, 1]),
            (.latest(0), [1, 3], []),
            (.latest(-1), [1, 3], []),
            (.latest(1), [], []),
            (.latest(1), [-2, -3], [-2]),
            (.latestOnce(2), [1, 3, 2], [3, 2]),
            (.all, [1, 3, 2], [3, 2, 1]),
            (.specific([1, 9]), [1, 3, 2], [1]),
            (.specific([]), [1, 3, 2], []),
        ] as [(VersionPolicy, [Int64], [Int64])]
    )
    func `versions are chosen by policy, largest first`(policy: VersionPolicy, listed: [Int64], chosen: [Int64]) {
        #expect(policy.select(from: listed) { _ in true } == chosen)
    }

    @Test(
        arguments: [
            (.latest(1), [2]), (.latest(2), [2, 0]), (.all, [2, 0]), (.specific([2, 3]), [2]),
        ] as [(VersionPolicy, [Int64])]
    )
    func `versions that are not fit are passed over`(policy: VersionPolicy, chosen: [Int64]) {
        #expect(policy.select(from: [0, 1, 2, 3]) { $0.isMultiple(of: 2) } == chosen)
    }

    @Test func `versions older than the latest are not asked about`() {
        var asked: [Int64] = []
        _ = VersionPolicy.latest(1).select(from: [1, 2, 3, 4]) { version in
            asked.append(version)
            return version == 3
        }
        #expect(asked == [4, 3])
    }
}
