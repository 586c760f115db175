import ServingPrimitives

/// Where files lie here whose paths were written on another machine: exports name the dumps of their tables as training
/// saw them.
public struct PathPrefix: Sendable, Hashable {
    /// What such paths begin with: `hdfs://namenode/models`.
    public var foreign: String
    /// The folder that takes its place.
    public var local: String

    public init(foreign: String, local: String) {
        self.foreign = foreign
        self.local = local
    }
}

extension [PathPrefix] {
    /// The path with its longest prefix replaced, where it has one of these. A prefix ends where a name does.
    public func applied(to path: String) -> String {
        let fitting = filter { prefix in
            guard !prefix.foreign.isEmpty, path.hasPrefix(prefix.foreign) else { return false }
            return path.utf8.count == prefix.foreign.utf8.count || prefix.foreign.hasSuffix("/")
                || path.dropFirst(prefix.foreign.count).hasPrefix("/")
        }
        guard let longest = fitting.max(by: { $0.foreign.utf8.count < $1.foreign.utf8.count }) else { return path }
        let rest = path.dropFirst(longest.foreign.count)
        let folder = longest.local.hasSuffix("/") ? String(longest.local.dropLast()) : longest.local
        return rest.isEmpty || rest.hasPrefix("/") ? folder + rest : "\(folder)/\(rest)"
    }

    /// Where a dump lies on this machine.
    ///
    /// - Parameters:
    ///   - path: as the graph has it.
    ///   - table: for errors, as `constant` is, the node that has the path; `nil` when nobody knows.
    /// - Throws: `FAILED_PRECONDITION` for what is no path of this machine.
    func local(_ path: String, of table: String, constant: String? = nil) throws(ServingError) -> String {
        let local = applied(to: path)
        let scheme = "file://"
        let plain = local.hasPrefix(scheme) ? String(local.dropFirst(scheme.count)) : local
        guard plain.hasPrefix("/") else {
            throw .failedPrecondition(
                "the dump of table \(table) is at \(path)\(constant.map { " by constant \($0)" } ?? ""), which is no path of "
                    + "this machine; say where it lies here with --embedding-path-prefix FOREIGN=LOCAL"
            )
        }
        return plain
    }
}
