import Cluster
import ServingPrimitives
import Testing

@testable import RemoteRouting

@Suite struct ReplicaGroupTests {
    /// The same numbers every time.
    private struct Counting: RandomNumberGenerator {
        var state: UInt64 = 7

        mutating func next() -> UInt64 {
            // SplitMix64.
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }

    private static let now = MonotonicTime(nanoseconds: 1_000_000_000)

    private static func addresses(_ count: Int) -> [ReplicaAddress] {
        // Addresses of this form are always good.
        (0..<count).map { ReplicaAddress("10.0.0.\($0 + 1):8500")! }
    }

    private static func eject(_ address: ReplicaAddress, in group: inout ReplicaGroup) {
        let choice = ReplicaGroup.Choice(address: address)
        for _ in 0..<3 {
            group.began(choice)
            group.ended(choice, .failed, at: now)
        }
    }

    @Test func `of two replicas the one with fewer outstanding requests is asked`() {
        let addresses = Self.addresses(2)
        var group = ReplicaGroup(addresses)
        group.began(.init(address: addresses[0]))
        var random = Counting()
        for _ in 0..<50 {
            let choice = group.choose(using: &random)
            #expect(choice?.address == addresses[1])
        }
    }

    @Test func `of many the busiest is never asked, and all others are`() {
        let addresses = Self.addresses(5)
        var group = ReplicaGroup(addresses)
        for _ in 0..<3 { group.began(.init(address: addresses[2])) }
        var random = Counting()
        var asked: Set<ReplicaAddress> = []
        for _ in 0..<200 { if let choice = group.choose(using: &random) { asked.insert(choice.address) } }
        #expect(asked == Set(addresses).subtracting([addresses[2]]))
    }

    @Test func `requests go to equal replicas equally often`() {
        let addresses = Self.addresses(4)
        let group = ReplicaGroup(addresses)
        var random = Counting()
        var counts: [ReplicaAddress: Int] = [:]
        for _ in 0..<4000 { if let choice = group.choose(using: &random) { counts[choice.address, default: 0] += 1 } }
        for address in addresses { #expect((800...1200).contains(counts[address] ?? 0)) }
    }

    @Test func `a call goes to none that it was at before`() {
        let addresses = Self.addresses(2)
        let group = ReplicaGroup(addresses)
        var random = Counting()
        let other = group.choose(except: [addresses[0]], using: &random)
        #expect(other?.address == addresses[1])
        let none = [
            group.choose(except: addresses, using: &random), ReplicaGroup([]).choose(using: &random),
        ]
        #expect(none == [nil, nil])
    }

    @Test func `an ejected replica is asked only where there is no other`() {
        let addresses = Self.addresses(2)
        var group = ReplicaGroup(addresses)
        Self.eject(addresses[0], in: &group)
        var random = Counting()
        for _ in 0..<50 {
            let choice = group.choose(using: &random)
            #expect(choice?.address == addresses[1])
        }
        let last = group.choose(except: [addresses[1]], using: &random)
        #expect(last?.address == addresses[0])
        Self.eject(addresses[1], in: &group)
        let any = group.choose(using: &random)
        #expect(any != nil)
    }

    @Test func `one copy tries an ejected replica when its pause is over, and its answer brings it back`() throws {
        let addresses = Self.addresses(2)
        var group = ReplicaGroup(addresses)
        Self.eject(addresses[0], in: &group)
        let early = group.probe(besides: addresses[1], at: Self.now)
        #expect(early == nil)
        let later = Self.now.advanced(byNanoseconds: 100_000_000)
        let ofItself = group.probe(besides: addresses[0], at: later)
        #expect(ofItself == nil)
        let due = group.probe(besides: addresses[1], at: later)
        let probe = try #require(due)
        #expect(probe == .init(address: addresses[0], isProbe: true))
        group.began(probe)
        let second = group.probe(besides: addresses[1], at: later)
        #expect(second == nil)
        group.ended(probe, .answered, at: later)
        #expect(group.replicas[0].health.isGood)
        #expect(group.replicas[0].outstanding == 0)
    }

    @Test func `counts are kept`() {
        let addresses = Self.addresses(1)
        var group = ReplicaGroup(addresses)
        Self.eject(addresses[0], in: &group)
        let choice = ReplicaGroup.Choice(address: addresses[0])
        group.began(choice)
        group.ended(choice, .givenUp, at: Self.now)
        group.began(choice)
        #expect(group.replicas[0].counts == .init(requests: 5, failures: 3, ejections: 1))
        #expect(group.replicas[0].outstanding == 1)
    }

    @Test func `another table keeps what is known of replicas that stay`() {
        let addresses = Self.addresses(3)
        var group = ReplicaGroup(Array(addresses[0...1]))
        Self.eject(addresses[1], in: &group)
        group.began(.init(address: addresses[0]))
        group.setAddresses([addresses[2], addresses[1]])
        #expect(group.replicas.map(\.address) == [addresses[2], addresses[1]])
        #expect(group.replicas.map(\.health.isGood) == [true, false])
        // The one that left still answers.
        let isEjected = group.ended(.init(address: addresses[0]), .failed, at: Self.now)
        #expect(!isEjected)
        group.setAddresses(addresses)
        #expect(group.replicas[0].outstanding == 0)
    }
}
