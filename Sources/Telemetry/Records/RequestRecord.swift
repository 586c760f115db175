public import ServingMetrics
public import ServingPrimitives

/// One request from its first byte to its answer: what a front end notes on the way, and everything that tells of
/// requests is made from (metrics, access log, spans, flight recorder).
///
/// Made by `TelemetryLane.begin` and ended by `TelemetryLane.end`, each once. A plain value that lives in the front end's own
/// object for the call: to keep it costs no allocation.
public struct RequestRecord: Sendable {
    /// A request's wait for a model that was not in memory.
    public enum ModelWait: Sendable, Hashable {
        /// It did not have to.
        case none
        case running
        /// The model was there, at that time.
        case ended(MonotonicTime)
    }

    public var entry: RequestEntry
    public var api: RequestAPI
    /// What the answer was.
    public var code = CanonicalCode.ok
    /// Status of an HTTP answer; 0 for gRPC, whose calls all have 200.
    public var httpStatus: UInt16 = 0
    /// What it is counted as under TensorFlow Serving's names; `nil` for what that server does not count.
    public var counted: RequestKind?
    /// As the request names it; empty where it names none.
    public var model = ""
    /// The version that was to answer; `nil` when none was found.
    public var version: Int64?
    /// The signature that was to answer; empty when none was found.
    public var signature = ""
    /// Why it failed; empty when it did not.
    public var error = ""
    /// The client's address; empty for a Unix socket.
    public var peer = ""
    /// The first byte of the request, or its head, was there.
    public var received: MonotonicTime
    /// All of the request was there; the same as `received` when it came at once.
    public var complete: MonotonicTime
    /// Whether it had to wait for its model.
    public var modelWait = ModelWait.none
    public var run = RunTimes()
    /// The answer was with the transport.
    public var answered: MonotonicTime
    /// Bytes of the request's message or body, and of the answer's.
    public var requestByteCount = 0
    public var answerByteCount = 0
    /// The trace it is part of; `nil` for nearly every request.
    public var trace: RequestTrace?
    /// In the order in which the requests of a lane ended.
    public internal(set) var number: UInt64 = 0

    public init(_ entry: RequestEntry, _ api: RequestAPI, at time: MonotonicTime) {
        self.entry = entry
        self.api = api
        received = time
        complete = time
        answered = time
    }

    /// Nanoseconds from the first byte to the answer.
    public var duration: UInt64 { answered.nanoseconds(since: received) }

    public var failed: Bool { code != .ok || httpStatus >= 400 }
}
