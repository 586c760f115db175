import Testing

@testable import HTTP2Server

struct StreamHistoryTests {
    @Test func `the ends of the last streams are known, older ones forgotten`() {
        var history = StreamHistory()
        for id in stride(from: UInt32(1), to: 1001, by: 2) { history.record(id, id % 4 == 1 ? .reset : .finished) }
        #expect(history.end(of: 999) == .finished)
        #expect(history.end(of: 997) == .reset)
        #expect(history.end(of: 1001 - 2 * 256) == .reset)
        #expect(history.end(of: 1) == nil)
        #expect(history.end(of: 1001) == nil)
    }
}
