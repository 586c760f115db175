/// Takes out of run times what a busy machine adds to them: a run that other threads held up took longer, but no more
/// processor time.
///
/// What share of its time a run spends on its own thread depends on the engine (all of it on a processor without
/// helpers, little of it on an accelerator), so the usual ratio of the two is learnt: it falls with the best runs and
/// rises slowly.
struct PreemptionFilter: Sendable {
    /// Runs are not expected to be better than the best ratio by less than this.
    private static let tolerance = 1.15
    /// A run whose ratio is this many times the usual one was not held up but run in another way, as on an engine's own
    /// threads: nothing is known of what it would have taken.
    private static let doubt = 3.0
    private var ratio = 0.0

    /// The time that the run would have taken undisturbed, in nanoseconds.
    mutating func undisturbed(_ outcome: BatchOutcome) -> UInt64 {
        guard outcome.threadNanoseconds > 0 else { return outcome.runNanoseconds }
        let thread = Double(outcome.threadNanoseconds)
        let own = max(Double(outcome.runNanoseconds) / thread, 1)
        if ratio == 0 || own < ratio { ratio = own } else { ratio = min(own, ratio * 1.01) }
        guard own < ratio * Self.doubt else { return outcome.runNanoseconds }
        return min(outcome.runNanoseconds, UInt64(clamping: thread * ratio * Self.tolerance))
    }
}
