#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Starts a detached thread with a name that `top -H` and profilers show (at most 15 bytes).
///
/// For threads without which the server cannot do its work at all: traps when the system refuses.
public func startThread(named name: String, _ body: @escaping @Sendable () -> Void) {
    do throws(ServingError) {
        try startThreadIfPossible(named: name, body)
    } catch {
        fatalError(error.message)
    }
}

/// As `startThread`, for work that can be given up or put off.
///
/// - Throws: `RESOURCE_EXHAUSTED` when the system refuses another thread; `body` is not called then.
public func startThreadIfPossible(
    named name: String,
    _ body: @escaping @Sendable () -> Void
) throws(ServingError) {
    final class Body {
        let name: String
        let run: @Sendable () -> Void
        init(_ name: String, _ run: @escaping @Sendable () -> Void) {
            self.name = name
            self.run = run
        }
    }
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    var thread = pthread_t()
    let argument = Unmanaged.passRetained(Body(name, body))
    let status = pthread_create(
        &thread,
        &attributes,
        { argument in
            // The argument is the one reference passed above; this thread is the only one that takes it.
            let body = Unmanaged<Body>.fromOpaque(argument!).takeRetainedValue()
            nameCurrentThread(body.name)
            body.run()
            return nil
        },
        argument.toOpaque()
    )
    pthread_attr_destroy(&attributes)
    guard status == 0 else {
        argument.release()
        throw ServingError(
            .resourceExhausted,
            "The system refuses to start a thread (\(name)): \(String(cString: strerror(status)))"
        )
    }
}

/// Through /proc, as `pthread_setname_np` and `prctl` are not visible to Swift. A failure only costs the name.
private func nameCurrentThread(_ name: String) {
    let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
    guard file >= 0 else { return }
    var name = String(name.prefix(15))
    _ = name.withUTF8 { write(file, $0.baseAddress, $0.count) }
    close(file)
}
