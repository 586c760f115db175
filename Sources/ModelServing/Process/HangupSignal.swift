import Dispatch

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// SIGHUP of this process, which daemons take as "read your files again". Where it is not taken, it ends the process.
final class HangupSignal: Sendable {
    // A dispatch source is safe to use from any thread; it is only kept alive here.
    nonisolated(unsafe) private let source: any DispatchSourceSignal

    /// - Parameter action: called on a queue of its own; may block for a moment.
    init(_ action: @escaping @Sendable () -> Void) {
        // The default action would end the process before the source sees the signal.
        signal(SIGHUP, SIG_IGN)
        source = DispatchSource.makeSignalSource(signal: SIGHUP, queue: DispatchQueue(label: "hangup-signal"))
        source.setEventHandler(handler: action)
        source.resume()
    }
}
