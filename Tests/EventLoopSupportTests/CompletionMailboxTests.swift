import EventLoopSupport
import NIOCore
import NIOEmbedded
import Synchronization
import Testing

@Suite struct CompletionMailboxTests {
    private final class Log: Sendable {
        let entries = Mutex<[String]>([])
        func add(_ entry: String) { entries.withLock { $0.append(entry) } }
        var all: [String] { entries.withLock { $0 } }
    }

    @Test func `completions run in order and the batch ends once`() {
        let loop = EmbeddedEventLoop()
        let log = Log()
        let mailbox = CompletionMailbox(eventLoop: loop) { log.add("end") }
        for number in 1...3 { mailbox.post { log.add("\(number)") } }
        #expect(log.all.isEmpty)
        loop.run()
        #expect(log.all == ["1", "2", "3", "end"])
    }

    @Test func `what is posted during delivery comes in the next batch`() {
        let loop = EmbeddedEventLoop()
        let log = Log()
        let mailbox = CompletionMailbox(eventLoop: loop) { log.add("end") }
        mailbox.post {
            log.add("first")
            mailbox.post { log.add("second") }
        }
        loop.run()
        #expect(log.all == ["first", "end", "second", "end"])
    }

    @Test func `nothing gets lost between many posting tasks`() async {
        let loop = NIOAsyncTestingEventLoop()
        let log = Log()
        await withTaskGroup(of: Void.self) { group in
            let mailbox = CompletionMailbox(eventLoop: loop)
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<500 { mailbox.post { log.add("") } }
                }
            }
        }
        await loop.run()
        #expect(log.all.count == 4000)
        await loop.shutdownGracefully()
    }
}
