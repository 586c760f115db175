import CZooKeeper
import ServingPrimitives
import Synchronization

/// What the library answers to a request.
struct ZooKeeperAnswer: Sendable {
    var code: Int32
    var bytes: [UInt8] = []
    var names: [String] = []
    var owner: Int64 = 0

    init(_ answer: czk_answer) {
        code = answer.code
        owner = answer.owner
        if let start = answer.bytes, answer.byte_count > 0 {
            bytes = Array(UnsafeRawBufferPointer(start: start, count: Int(answer.byte_count)))
        }
        guard let start = answer.names, answer.name_count > 0 else { return }
        // A name that is not UTF-8 is none of ours.
        names = UnsafeBufferPointer(start: start, count: Int(answer.name_count)).compactMap { name in
            name.flatMap { String(validatingCString: $0) }
        }
    }
}

/// Requests that are under way, of all sessions. The library knows them by numbers: an answer that comes after its request was
/// given up finds nothing.
enum ZooKeeperRequests {
    typealias Waiter = BlockingResult<ZooKeeperAnswer, Never>

    private struct Table {
        var last: UInt = 0
        var waiters: [UInt: Waiter] = [:]
    }

    private static let table = Mutex(Table())

    static func add() -> (number: UInt, waiter: Waiter) {
        let waiter = Waiter()
        let number = table.withLock { table in
            table.last += 1
            table.waiters[table.last] = waiter
            return table.last
        }
        return (number, waiter)
    }

    static func remove(_ number: UInt) { table.withLock { $0.waiters[number] = nil } }

    /// For the library.
    static var onAnswer: czk_on_answer {
        { number, answer in
            let waiter = ZooKeeperRequests.table.withLock { $0.waiters.removeValue(forKey: number) }
            waiter?.set(.success(ZooKeeperAnswer(answer.pointee)))
        }
    }
}
