import Testing

@testable import HTTP2Server

struct StreamTableTests {
    @Test func `random insertions and removals agree with a dictionary`() {
        let connection = HTTP2Connection(configuration: HTTP2ServerConfiguration(), handler: RecordingApplication())
        var table = StreamTable()
        var model: [UInt32: HTTP2ServerStream] = [:]
        var next: UInt32 = 1
        for _ in 0..<5000 {
            if Bool.random() || model.isEmpty {
                // Gaps make runs that wrap and collide.
                next += 2 * UInt32.random(in: 1...20)
                let stream = HTTP2ServerStream(id: next, connection: connection)
                table.insert(stream)
                model[next] = stream
            } else if let id = model.keys.randomElement() {
                table.remove(id)
                model[id] = nil
            }
            #expect(table.count == model.count)
            if let id = model.keys.randomElement() { #expect(table[id] === model[id]) }
            #expect(table[next + 2] == nil)
        }
        for (id, stream) in model { #expect(table[id] === stream) }
        #expect(Set(table.all.map(\.id)) == Set(model.keys))
    }

    @Test func `removing what is not there changes nothing`() {
        var table = StreamTable()
        table.remove(1)
        #expect(table.count == 0)
    }
}
