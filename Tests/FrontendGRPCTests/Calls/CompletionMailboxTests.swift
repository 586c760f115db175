import Testing

@testable import FrontendGRPC

struct CompletionMailboxTests {
    @Test func `only the first item of a batch asks for a wake-up`() {
        let mailbox = CompletionMailbox<Int>()
        #expect(mailbox.post(1))
        #expect(!mailbox.post(2))
        #expect(!mailbox.post(3))
        #expect(mailbox.takeAll() == [1, 2, 3])
        #expect(mailbox.takeAll().isEmpty)
        #expect(mailbox.post(4))
    }

    @Test func `nothing posted from many threads is lost or left without a wake-up`() async {
        let mailbox = CompletionMailbox<Int>()
        let taken = await withTaskGroup(of: [Int].self) { group in
            for task in 0..<8 {
                group.addTask {
                    var taken: [Int] = []
                    for index in 0..<500 where mailbox.post(task * 500 + index) { taken += mailbox.takeAll() }
                    return taken
                }
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
        #expect(taken.sorted() == Array(0..<4000))
    }
}
