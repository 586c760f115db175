import ServingPrimitives

/// The interpreters of a model: a run takes one and gives it back.
///
/// The first is made when the model is loaded, the others when runs come that find none free, up to a limit. At the limit
/// a run waits.
final class InterpreterPool: @unchecked Sendable {
    // Sendable: `lock` guards `free` and `count`.
    private let model: LiteRTModelHandle
    private let plan: InterpreterPlan
    private let limit: Int
    private let lock = WaitableLock()
    private var free: [Interpreter]
    private var count = 1

    init(_ model: LiteRTModelHandle, plan: InterpreterPlan, limit: Int) throws(ServingError) {
        self.model = model
        self.plan = plan
        self.limit = max(1, limit)
        free = [try Interpreter(model, plan: plan)]
    }

    func withInterpreter<R>(_ body: (Interpreter) throws(ServingError) -> R) throws(ServingError) -> R {
        let interpreter = try take()
        defer { giveBack(interpreter) }
        return try body(interpreter)
    }

    private func take() throws(ServingError) -> Interpreter {
        let free: Interpreter? = lock.withLock {
            while self.free.isEmpty, count == limit { lock.wait() }
            if let interpreter = self.free.popLast() { return interpreter }
            count += 1
            return nil
        }
        if let free { return free }
        do throws(ServingError) {
            return try Interpreter(model, plan: plan)
        } catch {
            lock.withLock { count -= 1 }
            lock.wakeOne()
            throw error
        }
    }

    private func giveBack(_ interpreter: Interpreter) {
        lock.withLock { free.append(interpreter) }
        lock.wakeOne()
    }
}
