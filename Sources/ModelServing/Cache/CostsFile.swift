import Logging
import Servables
import ServingPrimitives

/// The file in which what models cost is kept for the next start.
final class CostsFile: Sendable {
    private let file: KeptFile
    private let logger: Logger

    init(path: String, logger: Logger) {
        self.logger = logger
        file = KeptFile(
            path: path,
            pauseNanoseconds: 2_000_000_000,
            threadName: "costs",
            complaint: "What models cost cannot be remembered for the next start",
            logger: logger
        )
    }

    /// Where it is when nobody says so; `nil` where the process has no home.
    static var usualPath: String? {
        UsersFolder.state.map { "\($0)/model-costs" }
    }

    func read() -> RememberedCosts {
        guard let bytes = try? LocalFile.contents(of: file.path, limit: RememberedCosts.longestFile) else {
            return RememberedCosts()
        }
        guard let costs = RememberedCosts(bytes) else {
            if !bytes.isEmpty {
                logger.warning(
                    "The file of model costs is none; it will be written anew",
                    metadata: ["file": "\(file.path)"]
                )
            }
            return RememberedCosts()
        }
        return costs
    }

    /// Writes soon what `costs` gives then, and what else the file has.
    func changed(_ costs: @escaping @Sendable () -> RememberedCosts) {
        file.changed { [self] in
            var costs = costs()
            costs.add(read())
            return costs.text
        }
    }

    /// Writes now what was to be written soon. Blocks.
    func writeIfDue() { file.writeIfDue() }
}
