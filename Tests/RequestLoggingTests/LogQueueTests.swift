import Logging
import ServingConfig
import ServingMetrics
import ServingPrimitives
import Testing

@testable import RequestLogging

@Suite struct LogQueueTests {
    private let file = RequestLogFile(
        prefix: "/nowhere/m",
        limits: .init(),
        logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
    )

    private func record(_ text: String) -> LogQueue.Entry {
        .record(LogRecord(data: Array(text.utf8), counts: LogCounts(model: "m", metrics: ServerMetrics())), file)
    }

    @Test func `what finds no room is not admitted, and takes none`() {
        let queue = LogQueue(maximumByteCount: 100)
        #expect(queue.admit(byteCount: 60))
        #expect(!queue.admit(byteCount: 60))
        #expect(queue.admit(byteCount: 40))
        queue.release(byteCount: 60)
        #expect(queue.admit(byteCount: 60))
    }

    @Test func `entries come out in their order, all at once, and nothing after the end`() {
        let queue = LogQueue(maximumByteCount: 1000)
        queue.add(record("a"))
        queue.add(record("b"))
        queue.close()
        #expect(queue.take(until: nil)?.count == 2)
        #expect(queue.take(until: nil) == nil)
    }

    @Test func `a deadline that has passed gives nothing`() {
        let queue = LogQueue(maximumByteCount: 1000)
        #expect(queue.take(until: .now())?.isEmpty == true)
        #expect(!queue.waitForEnd(until: .now()))
        queue.end()
        #expect(queue.waitForEnd(until: .now()))
    }
}
