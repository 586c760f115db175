import Cluster
import Logging
import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The file in which what is known of a deployment is kept for the next start.
final class RememberedNodesFile: Sendable {
    private let file: KeptFile
    private let logger: Logger

    init(path: String, logger: Logger) {
        self.logger = logger
        file = KeptFile(
            path: path,
            pauseNanoseconds: 500_000_000,
            threadName: "deployment",
            complaint: "What is known of the deployment cannot be kept for the next start",
            logger: logger
        )
    }

    /// With its age; `nil` where there is none, or what is there is of no use.
    func read() -> (nodes: MirroredNodes, ageNanoseconds: UInt64)? {
        guard let bytes = try? LocalFile.contents(of: file.path, limit: NodeFile.maximumLength), !bytes.isEmpty else {
            return nil
        }
        do throws(ServingError) {
            let found = try RememberedNodes(bytes, file: file.path)
            // A clock that was set back makes it new.
            let (age, overflow) = Int64(time(nil)).subtractingReportingOverflow(found.time)
            return (found.nodes, overflow ? 0 : UInt64(min(max(age, 0), 1 << 33)) * 1_000_000_000)
        } catch {
            logger.warning(
                "What was known of the deployment cannot be read, and will be written anew",
                metadata: ["error": "\(error)"]
            )
            return nil
        }
    }

    /// Writes soon what was last given.
    func changed(_ nodes: MirroredNodes) {
        file.changed { RememberedNodes(nodes, time: Int64(time(nil))).text }
    }

    /// Writes now what was to be written soon. Blocks.
    func writeIfDue() { file.writeIfDue() }
}
