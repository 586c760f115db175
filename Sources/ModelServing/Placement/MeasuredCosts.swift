import Logging
import Servables
public import ServingConfig

/// What versions were found to take when a server loaded them, as it remembers it on disk.
public struct MeasuredCosts: Sendable {
    private let costs: RememberedCosts

    /// Reads the file of costs that a server with this configuration has. Blocks. Without one nothing is known.
    public init(_ configuration: ServerConfiguration.ModelCache) {
        let file = configuration.costsFile.map { CostsFile(path: $0, logger: Logger(label: "costs")) }
        costs = file?.read() ?? RememberedCosts()
    }

    /// Bytes that the version in a folder takes; `nil` where it was not measured as it is now.
    public func bytes(of path: String) -> Int? { costs.measuredBytes(of: path) }
}
