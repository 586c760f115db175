/// Paths that come from outside and must stay below a folder of ours.
public enum SafePath {
    /// More than a system takes.
    private static let longestName = 255
    private static let longestPath = 3_000
    private static let deepest = 32

    /// Whether the path, put after a folder and a slash, names something below the folder: relative, without empty, `.` and
    /// `..` parts, without control characters, and short enough for the system.
    public static func isBelow(_ path: String) -> Bool {
        guard !path.isEmpty, path.utf8.count <= longestPath, !path.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F })
        else { return false }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        return parts.count <= deepest
            && parts.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." && $0.utf8.count <= longestName }
    }
}
