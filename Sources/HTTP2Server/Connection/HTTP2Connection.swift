package import NIOCore

/// What carries a connection's bytes; told when there is something to do outside of a read cycle.
package protocol HTTP2ConnectionDriver: AnyObject {
    /// The application asks to send what has been collected.
    func flushRequested()
    /// The time on the event loop's clock.
    var now: NIODeadline { get }
}

/// The server side of one HTTP/2 connection (RFC 9113), without I/O: bytes in, calls to the request handler and frames
/// out.
///
/// The driver gives received bytes to `receive`, takes frames with `produceOutput` and `drainOutput`, calls `tick` once
/// a second while `needsTicks`, closes the transport when `phase` says so, and calls `transportClosed` in the end.
/// Everything happens on one event loop. A class, as streams answer through it at any time.
package final class HTTP2Connection {
    package enum Phase {
        /// The client's preface has not come completely.
        case preface
        case open
        /// GOAWAY is out; streams below its limit finish.
        case draining
        /// All is said. The transport is to be closed once the output is out.
        case finished
        /// The peer broke the protocol or a limit. As `finished`, but input may still come and is to be thrown away.
        case failed
        /// The transport is gone.
        case closed
    }

    let configuration: HTTP2ServerConfiguration
    let handler: any HTTP2RequestHandler
    package weak var driver: (any HTTP2ConnectionDriver)?

    package internal(set) var phase = Phase.preface
    /// Why the connection failed, for logs.
    package internal(set) var failure: String?

    // Reading.
    var matchedPrefaceBytes = 0
    var sawSettings = false
    /// The start of a frame that is not complete.
    var held: [UInt8] = []
    /// Payload bytes of a frame that is ignored.
    var skippedByteCount = 0
    var dataFrame: DataFrame?
    var headerBlock: HeaderBlock?

    // Compression.
    var decoder = HPACKDecoder()
    var encoder = HPACKEncoder()
    var headCache = RequestHeadCache()

    // Streams.
    var streams = StreamTable()
    var history = StreamHistory()
    var freeStreams: [HTTP2ServerStream] = []
    /// The highest id that the peer has used.
    var highestStreamID: UInt32 = 0
    /// Streams above it came after our final GOAWAY and are ignored.
    var lastAcceptedStreamID = UInt32.max
    var bufferedBodyByteCount = 0

    // Flow control.
    var receiveWindow = 65_535
    var unreturnedByteCount = 0
    var sendWindow = 65_535

    // The peer's settings.
    var peerInitialWindow = 65_535
    var peerMaximumFrame = 16_384
    var isSettingsAcknowledged = false

    // Writing.
    var output = ConnectionOutput()
    var firstQueued: HTTP2ServerStream?
    var lastQueued: HTTP2ServerStream?
    var pendingByteCount = 0

    // Time, in ticks of a second.
    var meter: AbuseMeter
    var pingStrikes: PingStrikes?
    var clock: ConnectionClock
    /// A graceful shutdown waits for the answer to its PING.
    var goAwayPingIsOut = false

    package init(configuration: HTTP2ServerConfiguration, handler: any HTTP2RequestHandler) {
        let configuration = configuration.normalized
        self.configuration = configuration
        self.handler = handler
        meter = AbuseMeter(limits: configuration.abuse)
        pingStrikes = configuration.pingLimits.map(PingStrikes.init)
        clock = ConnectionClock(configuration)
    }

    /// The transport takes no more and gives no more: every open stream is cancelled.
    package func transportClosed() {
        if phase == .closed { return }
        phase = .closed
        cancelAllStreams()
    }

    var isReading: Bool { phase == .open || phase == .draining || phase == .preface }

    func requestFlush() { driver?.flushRequested() }

    // MARK: errors

    /// Ends the connection with GOAWAY.
    func fail(_ code: HTTP2ErrorCode, _ reason: String) {
        guard isReading else { return }
        phase = .failed
        failure = reason
        writeGoAway(lastStreamID: min(highestStreamID, lastAcceptedStreamID), code: code, reason: reason)
        cancelAllStreams()
    }

    /// Ends one stream that the peer broke. That costs the peer: a flood of them is an attack.
    func failStream(_ id: UInt32, _ code: HTTP2ErrorCode) {
        writeReset(id, code: code.rawValue)
        if let stream = streams[id] {
            close(stream, .reset)
            handler.streamCancelled(stream)
            release(stream)
        } else {
            history.record(id, .reset)
        }
        charge(.reset, "too many streams had to be reset")
    }

    /// Counts a frame of a kind that is cheap to send; false when the peer sent too many, and the connection is over.
    @discardableResult
    func charge(_ kind: AbuseMeter.Kind, _ reason: String) -> Bool {
        if meter.allows(kind) { return true }
        fail(.enhanceYourCalm, reason)
        return false
    }

    // MARK: stream life

    func openStream(_ id: UInt32) -> HTTP2ServerStream {
        let stream = reusableStream(id) ?? HTTP2ServerStream(id: id, connection: self)
        stream.receiveWindow = configuration.streamWindowByteCount
        stream.sendWindow = peerInitialWindow
        streams.insert(stream)
        return stream
    }

    /// A closed stream object that the application has let go of: one it still holds must never turn into another
    /// request's.
    private func reusableStream(_ id: UInt32) -> HTTP2ServerStream? {
        guard var stream = freeStreams.popLast(), isKnownUniquelyReferenced(&stream) else { return nil }
        stream.recycle(id: id)
        return stream
    }

    /// Takes a stream out of everything. The caller tells the application where that is due, then calls `release`.
    func close(_ stream: HTTP2ServerStream, _ end: StreamHistory.End) {
        stream.isOpen = false
        stream.claim = nil
        streams.remove(stream.id)
        history.record(stream.id, end)
        discardBody(of: stream)
        if !stream.pending.isEmpty {
            pendingByteCount -= stream.pending.byteCount
            stream.pending = PendingOutput()
        }
        finishDrainingIfDone()
    }

    /// Lets go of a closed stream.
    func release(_ stream: HTTP2ServerStream) {
        stream.context = nil
        // A queued one is left to the queue, which drops it in its turn.
        if !stream.isQueued, freeStreams.count < 64 { freeStreams.append(stream) }
    }

    private func cancelAllStreams() {
        let open = streams.all
        streams.removeAll()
        freeStreams.removeAll()
        dataFrame = nil
        clearQueue()
        bufferedBodyByteCount = 0
        pendingByteCount = 0
        for stream in open {
            stream.isOpen = false
            stream.claim = nil
            stream.isQueued = false
            _ = stream.body.take()
            stream.pending = PendingOutput()
            handler.streamCancelled(stream)
            stream.context = nil
        }
    }

    /// Unlinks the queue one by one: a long chain must not be freed recursively.
    private func clearQueue() {
        while let stream = firstQueued {
            firstQueued = stream.nextQueued
            stream.nextQueued = nil
            stream.isQueued = false
        }
        lastQueued = nil
    }
}
