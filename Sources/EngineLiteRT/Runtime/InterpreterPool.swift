import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The interpreters of a model: a run takes one and gives it back.
///
/// The first is made when the model is loaded, the others when runs come that find none free, up to a limit. At the limit
/// a run waits.
final class InterpreterPool: @unchecked Sendable {
    // Sendable: `lock` guards `free` and `count`.
    private let model: LiteRTModelHandle
    private let plan: InterpreterPlan
    private let limit: Int
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let wakeUp = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var free: [Interpreter]
    private var count = 1

    init(_ model: LiteRTModelHandle, plan: InterpreterPlan, limit: Int) throws(ServingError) {
        self.model = model
        self.plan = plan
        self.limit = max(1, limit)
        free = [try Interpreter(model, plan: plan)]
        pthread_mutex_init(lock, nil)
        pthread_cond_init(wakeUp, nil)
    }

    deinit {
        pthread_mutex_destroy(lock)
        pthread_cond_destroy(wakeUp)
        lock.deallocate()
        wakeUp.deallocate()
    }

    func withInterpreter<R>(_ body: (Interpreter) throws(ServingError) -> R) throws(ServingError) -> R {
        let interpreter = try take()
        defer { giveBack(interpreter) }
        return try body(interpreter)
    }

    private func take() throws(ServingError) -> Interpreter {
        pthread_mutex_lock(lock)
        while free.isEmpty, count == limit { pthread_cond_wait(wakeUp, lock) }
        if let interpreter = free.popLast() {
            pthread_mutex_unlock(lock)
            return interpreter
        }
        count += 1
        pthread_mutex_unlock(lock)
        do throws(ServingError) {
            return try Interpreter(model, plan: plan)
        } catch {
            pthread_mutex_lock(lock)
            count -= 1
            pthread_mutex_unlock(lock)
            pthread_cond_signal(wakeUp)
            throw error
        }
    }

    private func giveBack(_ interpreter: Interpreter) {
        pthread_mutex_lock(lock)
        free.append(interpreter)
        pthread_mutex_unlock(lock)
        pthread_cond_signal(wakeUp)
    }
}
