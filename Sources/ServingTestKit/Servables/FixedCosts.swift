public import Servables
import Synchronization

/// Versions cost what the test says.
public final class FixedCosts: ServableCosts {
    private let costs: Mutex<[String: ServableCost]>
    private let measured: Mutex<[String: ServableCost]>
    private let overhead: Int

    /// - Parameters:
    ///   - costs: by model, before the first load.
    ///   - measured: by model, once it was loaded; what is not there costs what was expected.
    public init(_ costs: [String: ServableCost], measured: [String: ServableCost] = [:], overhead: Int = 0) {
        self.costs = Mutex(costs)
        self.measured = Mutex(measured)
        self.overhead = overhead
    }

    public func expected(_ version: AspiredVersion) -> ServableCost {
        costs.withLock { $0[version.id.name] } ?? ServableCost(residentBytes: 0)
    }

    public func loaded(_ version: AspiredVersion, loadNanoseconds: UInt64, copies: Int) -> ServableCost {
        measured.withLock { $0[version.id.name] } ?? expected(version)
    }

    public func overhead(accounted: Int, isSettled: Bool) -> Int { overhead }
}
