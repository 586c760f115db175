import CZooKeeper
import ServingPrimitives
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// ZooKeeper's C client, opened when it is first needed.
enum ZooKeeperLibrary {
    private static let lock = Mutex(())

    /// Opens it, unless it is open.
    ///
    /// - Throws: `FAILED_PRECONDITION` with the package that has it.
    static func open() throws(ServingError) {
        let failure: String? = lock.withLock { _ in
            guard let text = czk_open() else { return nil }
            defer { free(text) }
            return String(cString: text)
        }
        guard let failure else { return }
        throw .failedPrecondition(
            "zk_servers needs the library libzookeeper_mt of this system, Debian's package libzookeeper-mt2: \(failure)"
        )
    }
}
