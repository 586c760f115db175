import Foundation
import Inference
import ServingPrimitives
import Synchronization
import Testing

@testable import ModelServing
@testable import WireFormat

@Suite struct WarmUpReplayTests {
    private let models = TemporaryModels()

    /// A TFRecord file of these records.
    private func file(_ records: [[UInt8]]) throws -> WarmUpFile {
        let path = "\(models.path)/records"
        var bytes: [UInt8] = []
        for record in records {
            let length = withUnsafeBytes(of: UInt64(record.count).littleEndian, Array.init)
            for part in [length, record] {
                let checksum = part.withUnsafeBytes { CRC32C.masked($0) }
                bytes += part + withUnsafeBytes(of: checksum.littleEndian, Array.init)
            }
        }
        try Data(bytes).write(to: URL(filePath: path))
        return try #require(try WarmUpFile(path))
    }

    /// `predict_log { request { output_filter: NAME } }`
    private func predictLog(_ name: String) -> [UInt8] {
        var message = Array(name.utf8)
        for tag: UInt8 in [0x1A, 0x0A, 0x32] { message = [tag, UInt8(message.count)] + message }
        return message
    }

    private func name(_ call: WarmUpCall) -> String? {
        if case .predict(let call) = call { call.outputFilter.first } else { nil }
    }

    @Test func `each record is called as often as asked, one after the other`() throws {
        let calls = Mutex<[String?]>([])
        let records = [predictLog("a"), [], predictLog("b")]
        let replay = WarmUpReplay(of: try file(records), iterations: 3) { call in
            calls.withLock { $0.append(name(call)) }
        }
        #expect(replay.run(threads: 1) == nil)
        #expect(replay.recordCount == 3)
        #expect(calls.withLock { $0 } == ["a", "a", "a", "b", "b", "b"])
    }

    @Test(arguments: [1, 2, 8]) func `threads share the records`(_ threads: Int) throws {
        let names = (0..<200).map { "record \($0)" }
        let calls = Mutex<[String]>([])
        let replay = WarmUpReplay(of: try file(names.map(predictLog)), iterations: 1) { call in
            calls.withLock { $0.append(name(call) ?? "") }
        }
        #expect(replay.run(threads: threads) == nil)
        #expect(replay.recordCount == 200)
        #expect(calls.withLock { $0 }.sorted() == names.sorted())
    }

    @Test func `calls of several threads are made at the same time`() throws {
        let barrier = Mutex(0)
        let bothThere = BlockingResult<Void, Never>()
        let replay = WarmUpReplay(of: try file([predictLog("a"), predictLog("b")]), iterations: 1) { _ in
            let count = barrier.withLock { count in
                count += 1
                return count
            }
            if count == 2 { bothThere.set(.success(())) }
            bothThere.wait().get()
        }
        #expect(replay.run(threads: 2) == nil)
        #expect(replay.recordCount == 2)
    }

    @Test(arguments: [1, 3]) func `the first failure ends it`(_ threads: Int) throws {
        let calls = Mutex(0)
        let records = [[UInt8]](repeating: predictLog("a"), count: 100)
        let replay = WarmUpReplay(of: try file(records), iterations: 5) { (_) throws(ServingError) in
            calls.withLock { $0 += 1 }
            throw .notFound("what a client would hear")
        }
        #expect(replay.run(threads: threads) == .notFound("what a client would hear"))
        #expect((1...threads).contains(calls.withLock { $0 }))
    }

    @Test func `a file that shrinks while it is read is truncated`() throws {
        let file = try file([predictLog("a")])
        truncate(file.path, 3)
        let replay = WarmUpReplay(of: file, iterations: 1) { _ in }
        #expect(replay.run(threads: 1)?.code == .dataLoss)
    }
}
