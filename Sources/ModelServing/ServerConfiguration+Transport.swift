import FrontendGRPC
import HTTP2Server
import NIOCore
import ServingConfig

extension GRPCServerConfiguration {
    /// Takes over what channel arguments set.
    mutating func apply(_ settings: ServerConfiguration.TransportSettings) {
        func limit(_ value: Int?) -> Int? { value.map { $0 < 0 ? Self.largestMessageByteCount : $0 } }
        maximumReceiveMessageByteCount = limit(settings.maximumReceiveMessageLength) ?? maximumReceiveMessageByteCount
        maximumSendMessageByteCount = limit(settings.maximumSendMessageLength) ?? maximumSendMessageByteCount
        sharesPorts = settings.reusePort == 1
        maximumConnectionAge = TimeAmount(milliseconds: settings.maximumConnectionAge)
        http2.apply(settings)
    }
}

extension HTTP2ServerConfiguration {
    fileprivate mutating func apply(_ settings: ServerConfiguration.TransportSettings) {
        maximumConcurrentStreams = settings.maximumConcurrentStreams ?? maximumConcurrentStreams
        maximumFrameByteCount = settings.maximumFrameSize ?? maximumFrameByteCount
        streamWindowByteCount = settings.lookaheadBytes ?? streamWindowByteCount
        if let size = settings.absoluteMaximumMetadataSize ?? settings.maximumMetadataSize { setMetadataSize(size) }
        handshakeTimeout = TimeAmount(milliseconds: settings.handshakeTimeout) ?? handshakeTimeout
        idleTimeout = TimeAmount(milliseconds: settings.maximumConnectionIdle)
        connectionAgeGrace = TimeAmount(milliseconds: settings.maximumConnectionAgeGrace)
        keepaliveInterval = TimeAmount(milliseconds: settings.keepaliveTime)
        keepaliveTimeout = TimeAmount(milliseconds: settings.keepaliveTimeout) ?? keepaliveTimeout
        keepaliveWithoutStreams = settings.keepalivePermitWithoutCalls == 1
        if settings.maximumPingStrikes != nil || settings.minimumPingInterval != nil {
            // gRPC core's defaults, which hold once one of them is named.
            pingLimits = HTTP2PingLimits(
                minimumInterval: .milliseconds(Int64(settings.minimumPingInterval ?? 300_000)),
                maximumStrikes: settings.maximumPingStrikes ?? 2,
                allowsWithoutStreams: settings.keepalivePermitWithoutCalls == 1
            )
        }
    }

    /// The list as HTTP/2 counts it, and room for its encoded form.
    private mutating func setMetadataSize(_ byteCount: Int) {
        maximumHeaderListByteCount = byteCount
        maximumHeaderBlockByteCount = max(maximumHeaderBlockByteCount, byteCount)
        maximumContinuationFrames = max(maximumContinuationFrames, byteCount / 8192)
    }
}

extension TimeAmount {
    /// `nil` for no limit, which gRPC spells as the largest int32.
    fileprivate init?(milliseconds: Int?) {
        guard let milliseconds, milliseconds < Int(Int32.max) else { return nil }
        self = .milliseconds(Int64(milliseconds))
    }
}
