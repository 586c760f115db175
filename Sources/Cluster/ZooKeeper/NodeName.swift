/// What ZooKeeper takes as the name of a node.
enum NodeName {
    private static let maximumLength = 255

    static func isOne(_ name: String) -> Bool {
        (1...maximumLength).contains(name.utf8.count) && name != "." && name != ".."
            && name.unicodeScalars.allSatisfy(isAllowed)
    }

    /// Absolute, of such names.
    static func isPath(_ path: String) -> Bool {
        guard path.hasPrefix("/"), path.utf8.count <= 4096 else { return false }
        return path.dropFirst().split(separator: "/", omittingEmptySubsequences: false).allSatisfy { isOne(String($0)) }
    }

    /// What a node is below, from the root on, without the root.
    static func parents(of path: String) -> [String] {
        path.indices.dropFirst().filter { path[$0] == "/" }.map { String(path[..<$0]) }
    }

    /// Control characters, surrogates' range of private use and what is no character are refused by ZooKeeper itself.
    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x00...0x1F, 0x2F, 0x7F...0x9F, 0xD800...0xF8FF, 0xFFF0...0xFFFF: false
        default: true
        }
    }
}
