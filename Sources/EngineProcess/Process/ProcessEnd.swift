#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// How a process ended.
struct ProcessEnd: Sendable, Hashable, CustomStringConvertible {
    /// As `waitpid` gives it.
    let status: Int32

    /// `by signal 6 (Aborted)`, `with status 1`.
    var description: String {
        let signal = status & 0x7f
        guard signal != 0 else { return "with status \((status >> 8) & 0xff)" }
        return "by signal \(signal) (\(String(cString: strsignal(signal))))"
    }
}
