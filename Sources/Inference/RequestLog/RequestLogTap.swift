import Synchronization

/// Where the calls of a model can be tapped for its log: closed, or open for a share of them. It belongs to the model, not
/// to a version, so that a change of the configuration reaches versions that are served already.
///
/// A closed tap costs a call one relaxed load; a call that is not in the sample, an atomic addition as well.
public final class RequestLogTap: Sendable {
    /// A number below it is in the sample; 0 closes the tap, the largest takes every call.
    private let threshold = Atomic<UInt64>(0)
    private let drawn: Atomic<UInt64>
    private let sink = Mutex<(any RequestLogSink)?>(nil)

    /// - Parameter seed: decides which calls are in the sample.
    public init(seed: UInt64 = .random(in: .min ... .max)) { drawn = Atomic(seed) }

    /// Gives `sink` a share of the calls from now on.
    ///
    /// - Parameter rate: from 0 to 1.
    public func open(_ sink: any RequestLogSink, rate: Double) {
        self.sink.withLock { $0 = sink }
        threshold.store(Self.threshold(rate), ordering: .releasing)
    }

    public func close() {
        threshold.store(0, ordering: .releasing)
        sink.withLock { $0 = nil }
    }

    /// What the next call is to be given to, if it is in the sample.
    func draw() -> (any RequestLogSink)? {
        let threshold = threshold.load(ordering: .relaxed)
        guard threshold > 0 else { return nil }
        if threshold < .max, Self.scramble(drawn.wrappingAdd(1, ordering: .relaxed).newValue) >= threshold {
            return nil
        }
        return sink.withLock { $0 }
    }

    private static func threshold(_ rate: Double) -> UInt64 {
        guard rate > 0 else { return 0 }
        // 2^64 times the rate; what rounds to 2^64 or more is every call.
        let scaled = rate * 0x1p64
        return scaled < 0x1p64 ? max(UInt64(scaled), 1) : .max
    }

    /// Neighbouring numbers give numbers all over the range: the finaliser of SplitMix64
    /// (https://prng.di.unimi.it/splitmix64.c).
    private static func scramble(_ counter: UInt64) -> UInt64 {
        var z = counter &* 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// The taps of all models, those that are not loaded included. They stay, as versions refer to them.
public final class RequestLogTaps: Sendable {
    private let taps = Mutex<[String: RequestLogTap]>([:])

    public init() {}

    public func tap(of model: String) -> RequestLogTap {
        taps.withLock { taps in
            if let tap = taps[model] { return tap }
            let tap = RequestLogTap()
            taps[model] = tap
            return tap
        }
    }
}
