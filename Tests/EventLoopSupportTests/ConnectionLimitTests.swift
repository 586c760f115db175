import EventLoopSupport
import Logging
import NIOCore
import NIOEmbedded
import Testing

@Suite struct ConnectionLimitTests {
    @Test func `a connection that closes makes room for another`() throws {
        let limit = ConnectionLimit(2, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let channels = (0..<3).map { _ in EmbeddedChannel() }
        #expect(limit.admit(channels[0]) && limit.admit(channels[1]))
        #expect(!limit.admit(channels[2]) && limit.count == 2)
        _ = try? channels[0].finish()
        #expect(limit.count == 1)
        #expect(limit.admit(channels[2]))
        for channel in channels.dropFirst() { _ = try? channel.finish() }
        #expect(limit.count == 0)
    }
}
