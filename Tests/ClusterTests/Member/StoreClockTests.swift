import Cluster
import ServingPrimitives
import Testing

@Suite struct StoreClockTests {
    private func status(_ store: ClusterStoreState, isCurrent: Bool = false) -> ClusterMember.Status {
        var status = ClusterMember.Status()
        (status.store, status.isCurrent) = (store, isCurrent)
        return status
    }

    private func time(_ seconds: UInt64) -> MonotonicTime { MonotonicTime(nanoseconds: seconds * 1_000_000_000) }

    private static let second: UInt64 = 1_000_000_000

    @Test func `what is known ages from the moment in which it was so for the last time`() {
        var clock = StoreClock(at: time(1))
        #expect(!clock.isConnected && clock.ageNanoseconds(at: time(2)) == nil)
        #expect(clock.nanosecondsInState(at: time(3)) == 2 * Self.second)
        clock.take(status(.connected(session: 1)), at: time(4))
        #expect(clock.isConnected && clock.ageNanoseconds(at: time(5)) == nil)
        clock.take(status(.connected(session: 1), isCurrent: true), at: time(6))
        #expect(clock.ageNanoseconds(at: time(60)) == 0)
        #expect(clock.nanosecondsInState(at: time(60)) == 56 * Self.second)
        clock.take(status(.connecting(reason: nil)), at: time(61))
        #expect(!clock.isConnected && clock.ageNanoseconds(at: time(63)) == 2 * Self.second)
        clock.take(status(.expired), at: time(64))
        #expect(clock.nanosecondsInState(at: time(65)) == 4 * Self.second)
        #expect(clock.ageNanoseconds(at: time(65)) == 4 * Self.second)
    }

    @Test func `what is known from an earlier run is as old as that`() {
        var clock = StoreClock(at: time(1), rememberedNanoseconds: 100 * Self.second)
        #expect(clock.ageNanoseconds(at: time(3)) == 102 * Self.second)
        clock.take(status(.connected(session: 1), isCurrent: true), at: time(4))
        clock.take(status(.connecting(reason: "gone")), at: time(5))
        #expect(clock.ageNanoseconds(at: time(6)) == 1 * Self.second)
    }
}
