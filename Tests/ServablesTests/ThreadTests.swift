import ServingPrimitives
import ServingTestKit
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

@Suite struct ThreadTests {
    @Test func `an action that is due does not wait for one that is not`() async {
        let (events, event) = AsyncStream<String>.makeStream()
        TimerThread.shared.schedule(afterNanoseconds: .max) { event.yield("never") }
        TimerThread.shared.schedule(afterNanoseconds: 36_000_000_000_000) { event.yield("in ten hours") }
        TimerThread.shared.schedule(afterNanoseconds: 1) { event.yield("now") }
        #expect(await events.first { _ in true } == "now")
    }

    @Test func `an action may schedule the next one`() async {
        let (events, event) = AsyncStream<Int>.makeStream()
        TimerThread.shared.schedule(afterNanoseconds: 1) {
            event.yield(1)
            TimerThread.shared.schedule(afterNanoseconds: 0) { event.yield(2) }
        }
        var seen: [Int] = []
        for await number in events.prefix(2) { seen.append(number) }
        #expect(seen == [1, 2])
    }

    @Test func `a blocking call runs on a thread of its own and gives its result`() async {
        let caller = UInt(pthread_self())
        let thread = await onOwnThread(named: "test") { UInt(pthread_self()) }
        #expect(thread != nil && thread != caller)
    }

    @Test func `a task that is cancelled does not wait for its blocking call`() async {
        let gate = Gate()
        let (events, event) = AsyncStream<Void>.makeStream()
        let task = Task {
            await onOwnThread(named: "test") {
                event.yield()
                gate.wait()
                return 1
            }
        }
        _ = await events.first { _ in true }
        task.cancel()
        #expect(await task.value == nil)
        gate.open()
    }

    @Test func `a task that was cancelled before does not begin its blocking call`() async {
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return await onOwnThread(named: "test") { Issue.record("the call was made") }
        }
        #expect(await task.value == nil)
    }

    /// In a process of its own, which is left with memory for a few more stacks, and for everything else.
    @Test func `a thread that the system refuses is an error`() async {
        await #expect(processExitsWith: .success) {
            try startThreadIfPossible(named: "fine") {}
            var pages = 0
            if let file = fopen("/proc/self/statm", "r") {
                withUnsafeMutablePointer(to: &pages) { pages in _ = withVaList([pages]) { vfscanf(file, "%ld", $0) } }
                fclose(file)
            }
            guard pages > 0 else { exit(2) }
            let bytes = UInt(pages) * UInt(sysconf(Int32(_SC_PAGESIZE))) + (64 << 20)
            var limit = rlimit(rlim_cur: bytes, rlim_max: bytes)
            setrlimit(__rlimit_resource_t(9), &limit)
            var code = CanonicalCode.ok
            for _ in 0..<100 where code == .ok {
                do throws(ServingError) {
                    try startThreadIfPossible(named: "refused") { while true { sleep(1) } }
                } catch {
                    code = error.code
                }
            }
            exit(code == .resourceExhausted ? 0 : 1)
        }
    }
}
