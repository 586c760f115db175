import Dispatch
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// SIGTERM and SIGINT of this process: the first one ends `wait()`, a second one ends the process at once.
final class TerminationSignals: Sendable {
    private struct State {
        var received = 0
        var waiter: CheckedContinuation<Void, Never>?
    }

    /// What a shell reports for a process that SIGTERM ended; the second signal leaves with it.
    static let fastExitStatus: Int32 = 128 + SIGTERM

    private let state = Mutex(State())
    // Dispatch sources are safe to use from any thread; they are only kept alive here.
    nonisolated(unsafe) private let sources: [any DispatchSourceSignal]

    init() {
        let queue = DispatchQueue(label: "termination-signals")
        sources = [SIGTERM, SIGINT].map { number in
            // The default action would end the process before the source sees the signal.
            signal(number, SIG_IGN)
            return DispatchSource.makeSignalSource(signal: number, queue: queue)
        }
        // A peer that closes its socket while we write must not end the server.
        signal(SIGPIPE, SIG_IGN)
        // Neither must a request log that reaches a limit of the process (`ulimit -f`).
        signal(SIGXFSZ, SIG_IGN)
        for source in sources {
            source.setEventHandler { [weak self] in self?.received() }
            source.resume()
        }
    }

    /// Returns when the first signal has come.
    func wait() async {
        await withCheckedContinuation { continuation in
            let resumeNow = state.withLock { state in
                if state.received > 0 { return true }
                state.waiter = continuation
                return false
            }
            if resumeNow { continuation.resume() }
        }
    }

    private func received() {
        let (count, waiter) = state.withLock { state in
            state.received += 1
            defer { state.waiter = nil }
            return (state.received, state.waiter)
        }
        if count > 1 { _exit(Self.fastExitStatus) }
        waiter?.resume()
    }
}
