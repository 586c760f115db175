import EngineInterface
import ServingPrimitives
import ServingTestKit
import Tensors
import Testing

@testable import EngineProcess

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A channel with both ends in this process.
@Suite struct ChannelTests {
    private struct Ends {
        let channel: EngineChannel
        let socket: ChannelSocket
        let requests: MappedHalf
        let answers: MappedHalf
        let memory: Int32

        init() throws {
            memory = try ChannelMemory.make()
            let (ours, theirs) = try #require(ChannelSocket.pair())
            channel = try EngineChannel(ours, memory: memory)
            socket = theirs
            requests = try MappedHalf(.requests, of: memory)
            answers = try MappedHalf(.answers, of: memory)
        }
    }

    @Test func `an answer comes back over shared memory`() throws {
        let ends = try Ends()
        defer { close(ends.memory) }
        startThread(named: "other end") {
            while let count = ends.socket.receive() {
                var writer = MessageWriter(ends.answers.memory)
                writer.write(Array(ends.requests.memory[..<count].reversed()))
                _ = ends.socket.send(writer.count)
            }
            ends.socket.close()
        }
        for round in 0..<3 as Range<UInt8> {
            let answer = try #require(try ends.channel.exchange { $0.write(round) })
            var reader = MessageReader(answer, owner: ends.channel)
            #expect(try reader.bytes() == [round])
        }
    }

    @Test func `a line whose other end is gone gives no answer`() throws {
        let ends = try Ends()
        defer { close(ends.memory) }
        ends.socket.close()
        #expect(try ends.channel.exchange { $0.write(true) } == nil)
    }

    @Test func `a length that no message has breaks the line`() throws {
        let ends = try Ends()
        defer { close(ends.memory) }
        startThread(named: "other end") {
            _ = ends.socket.receive()
            _ = ends.socket.send(ChannelMemory.halfSize + 1)
        }
        #expect(try ends.channel.exchange { $0.write(true) } == nil)
        ends.socket.close()
    }

    /// What a model keeps of a request must not change with the next one.
    @Test func `memory that is made private keeps its bytes when the shared one changes`() throws {
        let memory = try ChannelMemory.make()
        defer { close(memory) }
        let (kept, shared) = (try MappedHalf(.requests, of: memory), try MappedHalf(.requests, of: memory))
        for index in 0..<10_000 { shared.memory[index] = UInt8(index % 251) }
        try kept.makePrivate(10_000)
        for index in 0..<10_000 { shared.memory[index] = 0 }
        withExtendedLifetime((kept, shared)) {
            #expect((0..<10_000).allSatisfy { kept.memory[$0] == UInt8($0 % 251) })
            #expect(shared.memory[5] == 0)
        }
    }

    @Test func `what is discarded reads as zeros and takes no memory`() throws {
        let memory = try ChannelMemory.make()
        defer { close(memory) }
        let half = try MappedHalf(.answers, of: memory)
        // Whoever has the memory must have its owner, too.
        defer { withExtendedLifetime(half) {} }
        let size = 8 << 20
        UnsafeMutableRawBufferPointer(rebasing: half.memory[..<size]).initializeMemory(as: UInt8.self, repeating: 1)
        var facts = stat()
        #expect(fstat(memory, &facts) == 0)
        #expect(facts.st_blocks * 512 >= size)
        half.discard(size)
        #expect(half.memory[size / 2] == 0)
        #expect(fstat(memory, &facts) == 0)
        #expect(facts.st_blocks * 512 < size / 2)
    }

    @Test func `nobody can change the size of the shared memory`() throws {
        let memory = try ChannelMemory.make()
        defer { close(memory) }
        #expect(ftruncate(memory, 0) == -1)
        #expect(ftruncate(memory, 64 << 30) == -1)
    }

    @Test func `channels are lent out while half of them are idle`() throws {
        let ends = try (0..<4).map { _ in try Ends() }
        defer { for end in ends { close(end.memory) } }
        let pool = ChannelPool(ends.map(\.channel))
        var taken: [EngineChannel] = []
        let spares = (0..<4).map { _ in
            taken.append(pool.take())
            return pool.canSpareOne
        }
        #expect(spares == [true, true, false, false])
        pool.giveBack(taken.removeLast())
        pool.giveBack(taken.removeLast())
        #expect(pool.canSpareOne)
    }
}
