import ModelSources

/// Files that are unpacked: `2.tar.gz`, `2.tgz`, `2.tar` or `2.zip` stands for version 2.
enum ArchiveName {
    private static let suffixes = [".tar.gz", ".tgz", ".tar", ".zip"]

    static func isOne(_ name: String) -> Bool {
        let name = name.lowercased()
        return suffixes.contains { name.hasSuffix($0) && name.utf8.count > $0.utf8.count }
    }

    /// The name less its suffix; `nil` for one that has none.
    static func stem(_ name: String) -> String? {
        let lower = name.lowercased()
        guard let suffix = suffixes.first(where: { lower.hasSuffix($0) }), lower.count == name.count else { return nil }
        return String(name.dropLast(suffix.count))
    }

    /// The version that a name in a base path stands for.
    static func version(_ name: String) -> Int64? { VersionFolderName.version(stem(name) ?? name) }
}
