import Logging
import Synchronization
import Testing

@testable import Telemetry

@Suite struct JSONLogHandlerTests {
    private final class Lines: Sendable {
        private let text = Mutex("")
        func add(_ line: [UInt8]) { text.withLock { $0 += String(decoding: line, as: UTF8.self) } }
        var all: String { text.withLock { $0 } }
    }

    private let lines = Lines()

    private func logger(_ configure: (inout JSONLogHandler) -> Void = { _ in }) -> Logger {
        var handler = JSONLogHandler(label: "apus.test", write: { [lines] in lines.add($0) }, now: { 1_500_000_000 })
        configure(&handler)
        return Logger(label: "ignored") { [handler] _ in handler }
    }

    private let start = #"{"time":"1970-01-01T00:00:01.500000Z","level":"info","logger":"apus.test","message":"#

    @Test func `a line is one JSON object, ended`() {
        logger().info("hello")
        #expect(lines.all == start + "\"hello\"}\n")
    }

    @Test func `facts stand under their own names, in order, with those of the call before those of the logger`() {
        var logger = logger { $0.metadata = ["b": "handler", "c": "handler"] }
        logger[metadataKey: "a"] = "logger"
        logger.info("m", metadata: ["b": "call"])
        #expect(lines.all == start + #""m","a":"logger","b":"call","c":"handler"}"# + "\n")
        #expect(logger[metadataKey: "a"] == "logger")
    }

    @Test func `facts of the surroundings count more than the logger's and less than the call's`() {
        let logger = logger {
            $0.metadata = ["a": "1", "b": "1", "c": "1"]
            $0.metadataProvider = Logger.MetadataProvider { ["b": "2", "c": "2"] }
        }
        logger.info("m", metadata: ["c": "3"])
        #expect(lines.all == start + #""m","a":"1","b":"2","c":"3"}"# + "\n")
    }

    @Test func `lists, dictionaries and values keep their form`() {
        logger().info(
            "m",
            metadata: [
                "list": ["x", "\"y\"", ["z"]], "object": ["k": "v", "n": .stringConvertible(7)], "empty": .array([]),
            ]
        )
        #expect(
            lines.all == start + #""m","empty":[],"list":["x","\"y\"",["z"]],"object":{"k":"v","n":"7"}}"# + "\n"
        )
    }

    @Test func `nothing passes for what is ours`() {
        logger().info("m", metadata: ["level": "fatal", "message": "other", "time": "never", "logger": "none"])
        #expect(
            lines.all == start + #""m","level_":"fatal","logger_":"none","message_":"other","time_":"never"}"# + "\n"
        )
    }

    @Test func `whatever is in a text, a line stays a line`() {
        logger().info("a\n\"b\"\\\u{1}\t", metadata: ["k\n": "\r\u{1F}ü"])
        #expect(lines.all == start + #""a\n\"b\"\\\u0001\u0009","k\n":"\u000d\u001fü"}"# + "\n")
    }

    @Test func `what is below the level is not written`() {
        let logger = logger { $0.logLevel = .warning }
        logger.info("quiet")
        #expect(lines.all.isEmpty)
        logger.error("loud")
        #expect(lines.all.contains(#""level":"error""#))
    }
}
