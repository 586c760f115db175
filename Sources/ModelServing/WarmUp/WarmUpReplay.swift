import Inference
import ServingPrimitives
import Synchronization
import WireFormat

/// One replay of a warm-up file: threads take records from it one by one until it ends or one of them fails.
final class WarmUpReplay: Sendable {
    typealias Call = @Sendable (WarmUpCall) throws(ServingError) -> Void

    private struct State {
        var reader: TFRecordReader<WarmUpFile>
        var count = 0
        var isOver = false
        var failure: ServingError?
    }

    private let path: String
    private let iterations: Int
    private let call: Call
    private let state: Mutex<State>

    init(of file: WarmUpFile, iterations: Int, call: @escaping Call) {
        self.path = file.path
        self.iterations = iterations
        self.call = call
        state = Mutex(State(reader: TFRecordReader(file)))
    }

    /// Blocks until all records have been replayed.
    ///
    /// - Returns: the first failure.
    func run(threads: Int) -> ServingError? {
        let helpers = (1..<max(threads, 1)).map { _ in BlockingResult<Void, Never>() }
        for helper in helpers {
            do throws(ServingError) {
                try startThreadIfPossible(named: "warm-up") {
                    self.replayRecords()
                    helper.set(.success(()))
                }
            } catch {
                // The threads there are do its share.
                helper.set(.success(()))
            }
        }
        replayRecords()
        for helper in helpers { helper.wait().get() }
        return state.withLock { $0.failure }
    }

    /// Records read so far.
    var recordCount: Int { state.withLock { $0.count } }

    private func replayRecords() {
        do throws(ServingError) {
            while let record = try takeRecord() {
                guard let call = try decode(record) else { continue }
                for _ in 0..<iterations { try self.call(call) }
            }
        } catch {
            state.withLock { state in
                state.isOver = true
                state.failure = state.failure ?? error
            }
        }
    }

    private func takeRecord() throws(ServingError) -> TFRecord? {
        try state.withLock { (state: inout State) throws(ServingError) in
            guard !state.isOver else { return nil }
            guard let record = try read(&state.reader) else {
                state.isOver = true
                return nil
            }
            guard state.count < ModelWarmUp.maximumRecords else {
                throw .invalidArgument(
                    "Number of warmup records exceeds the maximum (\(ModelWarmUp.maximumRecords)) at \(path)"
                )
            }
            state.count += 1
            return record
        }
    }

    private func read(_ reader: inout TFRecordReader<WarmUpFile>) throws(ServingError) -> TFRecord? {
        do throws(ServingError) {
            return try reader.next()
        } catch  where error.code == .dataLoss {
            throw ServingError(
                .dataLoss,
                "\(error.message). Please verify your warmup data is in TFRecord format."
            )
        }
    }

    /// What is wrong with a record that cannot be read is told in place of its bytes.
    private func decode(_ record: TFRecord) throws(ServingError) -> WarmUpCall? {
        do throws(ServingError) {
            return try PredictionLogDecoder.decode(record.bytes, owner: record)
        } catch  where error.code == .invalidArgument {
            throw .invalidArgument("Failed to parse warmup record: \(error.message) from \(path)")
        }
    }
}
