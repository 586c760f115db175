/// What happened in one slice of a run, or in several added up.
public struct SliceTally: Sendable {
    /// Width of a bucket of `series`.
    public static let seriesNanoseconds: UInt64 = 10_000_000

    /// Requests by the time they were meant to be sent.
    public struct SeriesBucket: Sendable, Equatable {
        public var offered: UInt32 = 0
        public var good: UInt32 = 0
    }

    /// Requests that were to be sent.
    public var offered = 0
    public var ok = 0
    /// Answers of status OK within the deadline; without one, all of status OK.
    public var good = 0
    public var outcomes: [Outcome: Int] = [:]
    /// What the peer said with the first error of each kind.
    public var messages: [Outcome: String] = [:]
    /// Of answers of status OK, from the time the request was meant to be sent.
    public var latency = LatencyHistogram()
    /// How much later than meant requests were sent; open loop only.
    public var lateness = LatencyHistogram()
    public var bytesIn: UInt64 = 0
    public var bytesOut: UInt64 = 0
    /// Nanoseconds in which requests were sent; the wait for the last answers is not in it.
    public var duration: UInt64 = 0
    public var series: [SeriesBucket] = []
    /// CPU time of this process and of the server, nanoseconds.
    public var clientCPU: UInt64 = 0
    public var serverCPU: UInt64?

    public init() {}

    public var errors: Int { outcomes.values.reduce(0, +) }

    @inline(__always)
    mutating func countOffered(at offset: UInt64) {
        offered += 1
        let bucket = Int(offset / Self.seriesNanoseconds)
        if bucket >= series.count { growSeries(bucket) }
        series[bucket].offered &+= 1
    }

    @inline(__always)
    mutating func countGood(at offset: UInt64) {
        good += 1
        let bucket = Int(offset / Self.seriesNanoseconds)
        if bucket < series.count { series[bucket].good &+= 1 }
    }

    private mutating func growSeries(_ bucket: Int) {
        series.append(contentsOf: repeatElement(SeriesBucket(), count: bucket + 1 - series.count))
    }

    mutating func countError(_ outcome: Outcome, message: @autoclosure () -> String?) {
        if outcomes[outcome, default: 0] == 0, let message = message(), !message.isEmpty { messages[outcome] = message }
        outcomes[outcome, default: 0] += 1
    }

    /// Adds what another thread counted in the same slice.
    mutating func addParallel(_ other: SliceTally) {
        let duration = max(duration, other.duration)
        for (index, bucket) in other.series.enumerated() {
            if index >= series.count { growSeries(index) }
            series[index].offered &+= bucket.offered
            series[index].good &+= bucket.good
        }
        addCounts(other)
        self.duration = duration
    }

    /// Adds a later slice of the same load.
    public mutating func addLater(_ other: SliceTally) {
        let duration = duration + other.duration
        series += other.series
        addCounts(other)
        self.duration = duration
        clientCPU += other.clientCPU
        if let cpu = other.serverCPU { serverCPU = (serverCPU ?? 0) + cpu }
    }

    private mutating func addCounts(_ other: SliceTally) {
        offered += other.offered
        ok += other.ok
        good += other.good
        outcomes.merge(other.outcomes, uniquingKeysWith: +)
        messages.merge(other.messages) { first, _ in first }
        latency.add(other.latency)
        lateness.add(other.lateness)
        bytesIn += other.bytesIn
        bytesOut += other.bytesOut
    }
}
