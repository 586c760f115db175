/// Decides which requests are traced: as the caller decided, where it says so, else a share of them by chance. Belongs to
/// one event loop.
struct TraceSampler {
    /// Longer ones are left out, as W3C Trace Context allows.
    static let longestState = 512

    private let exports: Bool
    /// A random number below it is a hit.
    private let threshold: UInt64
    private var generator: SplitMix

    /// - Parameters:
    ///   - rate: share of the requests without a parent that are traced, from 0 to 1.
    ///   - exports: whether spans go anywhere.
    init(rate: Double, exports: Bool, seed: UInt64) {
        self.exports = exports
        threshold = rate >= 1 ? .max : UInt64(max(rate, 0) * 0x1p64)
        generator = SplitMix(state: seed)
    }

    /// The trace of a request; `nil` when there is none to speak of.
    ///
    /// - Parameter fields: a `traceparent` that cannot be read counts as none.
    mutating func trace(_ fields: TraceFields?) -> RequestTrace? {
        if let text = fields?.parent, let parent = TraceParent(text.utf8) {
            return RequestTrace(
                traceHigh: parent.traceHigh,
                traceLow: parent.traceLow,
                parentSpanID: parent.spanID,
                spanID: generator.nextID(),
                isSampled: parent.isSampled && exports,
                state: Self.usable(fields?.state)
            )
        }
        guard exports, generator.next() < threshold || threshold == .max else { return nil }
        return RequestTrace(
            traceHigh: generator.nextID(),
            traceLow: generator.nextID(),
            parentSpanID: 0,
            spanID: generator.nextID(),
            isSampled: true
        )
    }

    private static func usable(_ state: String?) -> String {
        guard let state, state.utf8.count <= longestState, state.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else {
            return ""
        }
        return state
    }
}

/// Sebastiano Vigna's SplitMix64: a few cycles a number, which the system's generator is not. Ids of traces are no secrets.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// Never 0, which stands for no id.
    mutating func nextID() -> UInt64 {
        while true {
            let number = next()
            if number != 0 { return number }
        }
    }
}
