public import Cluster
public import ServingPrimitives

/// The replicas of one servable name: who is asked next, and what is known of each.
public struct ReplicaGroup: Sendable {
    /// Who is to be asked.
    public struct Choice: Sendable, Hashable {
        public var address: ReplicaAddress
        /// The call finds out whether an ejected replica is back.
        public var isProbe = false
    }

    /// How a request of a replica ended.
    public enum Ending: Sendable, Hashable {
        /// The replica works, whatever its answer says.
        case answered
        case failed
        /// Nobody waits any more: it says nothing about the replica.
        case givenUp
    }

    public private(set) var replicas: [Replica]
    private let rules: EjectionRules

    public init(_ addresses: [ReplicaAddress], rules: EjectionRules = EjectionRules()) {
        replicas = addresses.map { Replica($0) }
        self.rules = rules
    }

    /// Other replicas than before; what is known of those that stay is kept.
    public mutating func setAddresses(_ addresses: [ReplicaAddress]) {
        let known = Dictionary(replicas.map { ($0.address, $0) }) { first, _ in first }
        replicas = addresses.map { known[$0] ?? Replica($0) }
    }

    // MARK: Choice

    /// The replica that a request goes to: of two random ones that are good, the one with fewer outstanding requests. Where
    /// none is good, the same of those that are not: to ask nobody would be worse.
    ///
    /// - Parameter tried: replicas that the call has asked already.
    /// - Returns: `nil` where no other is left.
    public func choose(
        except tried: [ReplicaAddress] = [],
        using random: inout some RandomNumberGenerator
    ) -> Choice? {
        let others = replicas.indices.filter { !tried.contains(replicas[$0].address) }
        let good = others.filter { replicas[$0].health.isGood }
        return better(of: good.isEmpty ? others : good, using: &random).map { Choice(address: replicas[$0].address) }
    }

    private func better(of candidates: [Int], using random: inout some RandomNumberGenerator) -> Int? {
        guard candidates.count > 1 else { return candidates.first }
        let first = Int.random(in: 0..<candidates.count, using: &random)
        // Any but the first, each as likely.
        let step = Int.random(in: 1..<candidates.count, using: &random)
        let second = (first + step) % candidates.count
        let (one, other) = (candidates[first], candidates[second])
        return replicas[other].outstanding < replicas[one].outstanding ? other : one
    }

    /// An ejected replica whose pause is over. A copy of a request goes there, whose answer nobody needs: no caller pays
    /// for finding out. It counts as begun when this returns it.
    ///
    /// - Parameter chosen: who the request itself goes to.
    public mutating func probe(besides chosen: ReplicaAddress, at now: MonotonicTime) -> Choice? {
        guard let index = replicas.firstIndex(where: { $0.address != chosen && $0.health.isDue(at: now) }) else {
            return nil
        }
        replicas[index].health.probe()
        return Choice(address: replicas[index].address, isProbe: true)
    }

    // MARK: What becomes of requests

    public mutating func began(_ choice: Choice) {
        guard let index = index(of: choice) else { return }
        replicas[index].outstanding += 1
        replicas[index].counts.requests += 1
    }

    /// - Returns: whether the replica is ejected because of it.
    @discardableResult
    public mutating func ended(_ choice: Choice, _ ending: Ending, at now: MonotonicTime) -> Bool {
        // It may have left the table meanwhile, and come back.
        guard let index = index(of: choice) else { return false }
        replicas[index].outstanding = max(0, replicas[index].outstanding - 1)
        switch ending {
        case .answered: replicas[index].health.answered()
        case .givenUp: if choice.isProbe { replicas[index].health.probeGivenUp(at: now) }
        case .failed:
            replicas[index].counts.failures += 1
            if replicas[index].health.failed(wasProbe: choice.isProbe, at: now, rules) {
                replicas[index].counts.ejections += 1
                return true
            }
        }
        return false
    }

    private func index(of choice: Choice) -> Int? { replicas.firstIndex { $0.address == choice.address } }
}
