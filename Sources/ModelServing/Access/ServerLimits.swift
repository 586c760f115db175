import ServingConfig

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The limits in force, where the configuration leaves the choice to us.
struct ServerLimits: Hashable {
    var connections: Int
    var bytesInFlight: Int

    /// - Parameters:
    ///   - openFiles: how many the process may have.
    ///   - memory: bytes the process may use.
    init(_ limits: ServerConfiguration.Limits, openFiles: Int, memory: Int) {
        // The rest is for models, logs and the connections that operators need.
        connections = limits.connections > 0 ? limits.connections : max(64, openFiles / 4 * 3)
        bytesInFlight = limits.bytesInFlight > 0 ? limits.bytesInFlight : max(256 << 20, memory / 2)
    }

    /// By what the system lets this process have.
    init(_ limits: ServerConfiguration.Limits) {
        self.init(limits, openFiles: Self.openFiles, memory: AvailableMemory.bytes)
    }

    private static var openFiles: Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
        return Int(clamping: limit.rlim_cur)
    }
}
