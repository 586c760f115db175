#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Starts a detached thread with a name that `top -H` and profilers show (at most 15 bytes).
public func startThread(named name: String, _ body: @escaping @Sendable () -> Void) {
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
    let argument = Unmanaged.passRetained(Body(name, body)).toOpaque()
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
        argument
    )
    pthread_attr_destroy(&attributes)
    // Our own start-up needs these threads; without them no request can ever be answered.
    precondition(status == 0, "cannot start thread \(name): error \(status)")
}

/// Through /proc, as `pthread_setname_np` and `prctl` are not visible to Swift. A failure only costs the name.
private func nameCurrentThread(_ name: String) {
    let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
    guard file >= 0 else { return }
    var name = String(name.prefix(15))
    _ = name.withUTF8 { write(file, $0.baseAddress, $0.count) }
    close(file)
}
