public import ServingPrimitives

/// The parts that a request's time falls into. Each begins where the one before ends.
public enum RequestStage: String, Sendable, Hashable, CaseIterable {
    /// The rest of the request was coming.
    case receive
    /// Its model, known and not in memory, was loaded, or one that was away came back.
    case load
    /// It was read, its model and signature were found, its tensors were made.
    case parse
    /// It waited for its batch.
    case queue
    /// The engine ran its batch, gathering of rows included.
    case run
    /// The answer went back to its event loop, was written and given to the transport.
    case encode
}

extension RequestRecord {
    /// Where a stage begins and ends; `nil` for one that was not reached. A request that failed on the way spends the rest
    /// of its time in the last stage it reached.
    public func span(of stage: RequestStage) -> (start: MonotonicTime, end: MonotonicTime)? {
        let queued = MonotonicTime(nanoseconds: run.queued)
        let began = MonotonicTime(nanoseconds: run.began)
        let ended = MonotonicTime(nanoseconds: run.ended)
        switch stage {
        case .receive: return (received, complete)
        case .load:
            switch modelWait {
            case .none: return nil
            case .running: return (complete, answered)
            case .ended(let time): return (complete, time)
            }
        case .parse:
            let end = run.queued == 0 ? answered : queued
            switch modelWait {
            case .none: return (complete, end)
            case .running: return nil
            case .ended(let time): return (time, end)
            }
        case .queue: return run.queued == 0 ? nil : (queued, run.began == 0 ? answered : began)
        case .run: return run.began == 0 ? nil : (began, run.ended == 0 ? answered : ended)
        case .encode: return run.began == 0 || run.ended == 0 ? nil : (ended, answered)
        }
    }

    /// Nanoseconds of a stage; `nil` for one that was not reached.
    public func nanoseconds(of stage: RequestStage) -> UInt64? {
        span(of: stage).map { $0.end.nanoseconds(since: $0.start) }
    }
}
