public import NIOCore
public import ServingPrimitives

/// Limits and timings of one HTTP/2 connection. Every limit bounds what a peer can make the server spend.
public struct HTTP2ServerConfiguration: Sendable {
    /// Requests in flight at once on a connection (SETTINGS_MAX_CONCURRENT_STREAMS); more are refused with
    /// REFUSED_STREAM, which clients may retry. Default: 1000.
    public var maximumConcurrentStreams = 1000

    /// Largest frame payload accepted, in bytes (SETTINGS_MAX_FRAME_SIZE), 16,384 to 16,777,215. gRPC's C core grows
    /// its DATA frames up to it. Default: 1 MiB.
    public var maximumFrameByteCount = 1 << 20

    /// Flow-control window of a stream in bytes, 65,535 to 2^31 - 1: what a peer may send ahead. Default: 8 MiB.
    public var streamWindowByteCount = 8 << 20

    /// Flow-control window of the connection in bytes, 65,535 to 2^31 - 1. Default: 16 MiB.
    public var connectionWindowByteCount = 16 << 20

    /// Size of a request's header list as RFC 9113, section 10.5.1 counts it: name, value and 32 bytes for each field.
    /// A larger one costs its stream. Default: 16 KiB.
    public var maximumHeaderListByteCount = 16 << 10

    /// Encoded size of one header block over all its frames, in bytes. A larger one costs the connection, as its
    /// compression state cannot be followed. Default: 64 KiB.
    public var maximumHeaderBlockByteCount = 64 << 10

    /// CONTINUATION frames of one header block. Default: 32.
    public var maximumContinuationFrames = 32

    /// Body bytes of unfinished requests that one connection may have buffered. Default: 2 GiB and 64 MiB.
    public var maximumBufferedBodyByteCount = (2 << 30) + (64 << 20)

    /// What larger bodies of all connections together are counted in, until they are answered. Default: none.
    public var memoryBudget: MemoryBudget?

    /// Response bytes that may wait for the peer's flow control; with more waiting, new requests are refused with
    /// REFUSED_STREAM until the peer takes some. Default: 256 MiB.
    public var maximumPendingOutputByteCount = 256 << 20

    /// A peer that takes nothing for so long while output waits loses its connection. Default: 60 s.
    public var outputStallTimeout = TimeAmount.seconds(60)

    /// Time for the client's preface and first SETTINGS. Default: 20 s.
    public var handshakeTimeout = TimeAmount.seconds(20)

    /// A connection without requests is shut down gracefully after so long. Default: none.
    public var idleTimeout: TimeAmount?

    /// A quiet connection is probed with a PING this often, and closed when `keepaliveTimeout` passes without a
    /// frame from the peer. Default: none.
    public var keepaliveInterval: TimeAmount?

    /// Time for the answer to a keepalive PING. Default: 20 s.
    public var keepaliveTimeout = TimeAmount.seconds(20)

    /// Probes also connections without requests. Default: true.
    public var keepaliveWithoutStreams = true

    /// A connection takes no new requests after so long and ends with the last answer. Default: none.
    public var connectionAge: TimeAmount?

    /// Requests that still run so long after `connectionAge` end with their connection. Default: none.
    public var connectionAgeGrace: TimeAmount?

    /// How often a peer may send PING frames between ours of headers and data. Default: only `abuse` limits it.
    public var pingLimits: HTTP2PingLimits?

    /// Frames that cost the server work without carrying any. Over a limit the connection ends with ENHANCE_YOUR_CALM.
    public var abuse = HTTP2AbuseLimits()

    public init() {}

    /// The settings as the protocol allows them.
    var normalized: HTTP2ServerConfiguration {
        var result = self
        let window = 65_535...Int(Int32.max)
        result.maximumConcurrentStreams = min(max(1, maximumConcurrentStreams), Int(Int32.max))
        result.maximumFrameByteCount = min(max(16_384, maximumFrameByteCount), 16_777_215)
        result.streamWindowByteCount = min(max(window.lowerBound, streamWindowByteCount), window.upperBound)
        result.connectionWindowByteCount = min(max(window.lowerBound, connectionWindowByteCount), window.upperBound)
        return result
    }
}

/// gRPC's rule about pings: those that come too fast are strikes, and with too many the connection ends with
/// ENHANCE_YOUR_CALM and the text `too_many_pings`.
public struct HTTP2PingLimits: Sendable, Hashable {
    public var minimumInterval: TimeAmount
    /// 0 is no limit.
    public var maximumStrikes: Int
    /// Without requests in flight the interval is two hours, unless this is set.
    public var allowsWithoutStreams: Bool

    public init(minimumInterval: TimeAmount, maximumStrikes: Int, allowsWithoutStreams: Bool) {
        self.minimumInterval = minimumInterval
        self.maximumStrikes = maximumStrikes
        self.allowsWithoutStreams = allowsWithoutStreams
    }
}

/// How many frames of each suspicious kind a peer may send in a second, beyond those that its real traffic earns.
public struct HTTP2AbuseLimits: Sendable {
    /// Streams that the peer resets, or that are reset for a fault of the peer, beyond the requests completed in the
    /// same second (CVE-2023-44487, "rapid reset", and CVE-2025-8671, "made you reset"). Default: 1000, so that a client
    /// may cancel all that it has in flight at once.
    public var resetsPerSecond = 1000

    /// SETTINGS frames, acknowledgements included. Default: 50.
    public var settingsPerSecond = 50

    /// PING frames beyond one for each DATA frame sent. Default: 1000.
    public var pingsPerSecond = 1000

    /// PRIORITY and unknown frames. Default: 1000.
    public var ignoredFramesPerSecond = 1000

    /// WINDOW_UPDATE frames beyond two for each DATA frame sent and four for each stream opened. Default: 1000.
    public var windowUpdatesPerSecond = 1000

    /// DATA frames that carry nothing: empty without END_STREAM, only padding, or for a stream that is closed.
    /// Default: 1000.
    public var emptyDataFramesPerSecond = 1000

    public init() {}
}
