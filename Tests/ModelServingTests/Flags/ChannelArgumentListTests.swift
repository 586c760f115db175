import FrontendGRPC
import HTTP2Server
import NIOCore
import ServingConfig
import ServingPrimitives
import Testing

@testable import ModelServing

struct ChannelArgumentListTests {
    @Test func `parts are names and values, split at the first equals sign`() throws {
        #expect(try ChannelArgumentList.parse("").isEmpty)
        #expect(
            try ChannelArgumentList.parse("a=1,b=x=y,c=") == [
                .init(name: "a", value: "1"), .init(name: "b", value: "x=y"), .init(name: "c", value: ""),
            ]
        )
    }

    @Test(arguments: ["a", "a=1,", ",a=1", "a=1,,b=2", "=1", ","])
    func `a part that is none is refused, where the stock server crashes`(_ text: String) {
        let error = #expect(throws: ServingError.self) { try ChannelArgumentList.parse(text) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains("expected key=value parts") == true)
    }

    private func server(_ text: String) throws -> GRPCServerConfiguration {
        var configuration = ServerConfiguration.GRPC()
        configuration.channelArguments = try ChannelArgumentList.parse(text)
        return configuration.serverConfiguration()
    }

    @Test func `arguments reach the transport`() throws {
        let server = try server(
            "grpc.max_concurrent_streams=3,grpc.max_receive_message_length=-1,grpc.max_send_message_length=1000,"
                + "grpc.max_connection_idle_ms=1500,grpc.max_connection_age_ms=60000,"
                + "grpc.max_connection_age_grace_ms=5000,grpc.keepalive_time_ms=2147483647,"
                + "grpc.keepalive_timeout_ms=900,grpc.http2.max_ping_strikes=4,grpc.max_metadata_size=200000,"
                + "grpc.http2.max_frame_size=20000,grpc.http2.lookahead_bytes=70000,grpc.so_reuseport=1,"
                + "grpc.server_handshake_timeout_ms=3000"
        )
        #expect(server.http2.maximumConcurrentStreams == 3)
        #expect(server.maximumReceiveMessageByteCount == 2_147_483_647)
        #expect(server.maximumSendMessageByteCount == 1000)
        #expect(server.http2.idleTimeout == .milliseconds(1500))
        #expect(server.maximumConnectionAge == .seconds(60))
        #expect(server.http2.connectionAgeGrace == .seconds(5))
        #expect(server.http2.keepaliveInterval == nil, "the largest number is none")
        #expect(server.http2.keepaliveTimeout == .milliseconds(900))
        #expect(!server.http2.keepaliveWithoutStreams)
        #expect(
            server.http2.pingLimits
                == HTTP2PingLimits(minimumInterval: .minutes(5), maximumStrikes: 4, allowsWithoutStreams: false)
        )
        #expect(server.http2.maximumHeaderListByteCount == 200_000)
        #expect(server.http2.maximumHeaderBlockByteCount == 200_000)
        #expect(server.http2.maximumFrameByteCount == 20_000)
        #expect(server.http2.streamWindowByteCount == 70_000)
        #expect(server.sharesPorts)
        #expect(server.http2.handshakeTimeout == .seconds(3))
    }

    @Test func `without arguments all is as the transport has it`() throws {
        let server = try server("")
        #expect(server.http2.pingLimits == nil && server.http2.idleTimeout == nil && !server.sharesPorts)
        #expect(server.http2.maximumConcurrentStreams == HTTP2ServerConfiguration().maximumConcurrentStreams)
        #expect(server.maximumSendMessageByteCount == GRPCServerConfiguration.largestMessageByteCount)
    }
}
