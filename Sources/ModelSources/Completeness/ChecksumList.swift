public import ServingPrimitives

/// The checksums of files, as `sha256sum` writes them: 64 hexadecimal digits, a blank, a blank or an asterisk, and the
/// path relative to the folder the list lies in. Lines of the form `SHA256 (path) = digits`, which `sha256sum --tag`
/// writes, and empty ones and those with a `#` in front are understood, too.
public struct ChecksumList: Sendable, Hashable {
    /// What a version's list is named.
    public static let fileName = "SHA256SUMS"
    /// Longer than any: a hundred thousand files.
    public static let maximumByteCount = 16 << 20

    public struct Problem: Error, Sendable, Hashable {
        /// Counted from 1.
        public var line: Int
        public var text: String
    }

    /// By path; the list itself is not in it.
    public private(set) var digests: [String: SHA256Digest] = [:]

    public init(_ bytes: [UInt8]) throws(Problem) {
        var number = 0
        for line in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
            number += 1
            try add(line.last == 0x0D ? line.dropLast() : line, number)
        }
        guard !digests.isEmpty else { throw Problem(line: number, text: "it lists no file") }
    }

    private mutating func add(_ line: ArraySlice<UInt8>, _ number: Int) throws(Problem) {
        guard let line = String(validating: line, as: UTF8.self) else {
            throw Problem(line: number, text: "it is not UTF-8")
        }
        guard !line.isEmpty, !line.hasPrefix("#") else { return }
        guard let (digits, name) = Self.tagged(line) ?? Self.plain(line), let digest = SHA256Digest(hexadecimal: digits)
        else { throw Problem(line: number, text: "expected 64 hexadecimal digits, two blanks and a path") }
        let path = name.hasPrefix("./") ? String(name.dropFirst(2)) : String(name)
        guard SafePath.isBelow(path) else {
            throw Problem(line: number, text: "its path leads out of the folder: \(path)")
        }
        // `sha256sum $(find -type f) > SHA256SUMS` sees the empty list it is about to write.
        guard path != Self.fileName else { return }
        if let other = digests.updateValue(digest, forKey: path), other != digest {
            throw Problem(line: number, text: "\(path) is listed with another checksum before")
        }
    }

    private static func plain(_ line: String) -> (Substring, Substring)? {
        guard let blank = line.firstIndex(of: " ") else { return nil }
        let rest = line[line.index(after: blank)...]
        guard rest.hasPrefix(" ") || rest.hasPrefix("*"), rest.count > 1 else { return nil }
        return (line[..<blank], rest.dropFirst())
    }

    private static func tagged(_ line: String) -> (Substring, Substring)? {
        let (start, middle) = ("SHA256 (", ") = ")
        guard line.hasPrefix(start), line.utf8.count > start.utf8.count + middle.utf8.count + 64 else { return nil }
        let digits = line.suffix(64)
        let head = line[..<digits.startIndex]
        guard head.hasSuffix(middle) else { return nil }
        return (digits, head.dropFirst(start.count).dropLast(middle.count))
    }
}
