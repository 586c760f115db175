/// Sections of `~/.aws/credentials` and `~/.aws/config`.
package struct AWSProfiles: Hashable {
    private var sections: [String: [String: String]] = [:]

    /// Lines that say nothing are passed over, as the ecosystem's own programs do.
    package init(_ bytes: [UInt8]) {
        var section: String?
        for line in bytes.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
            let text = Self.trimmed(String(decoding: line, as: UTF8.self)[...])
            if text.isEmpty || text.hasPrefix("#") || text.hasPrefix(";") { continue }
            if text.hasPrefix("["), text.hasSuffix("]") {
                section = Self.name(of: text)
            } else if let section, let sign = text.firstIndex(of: "="), line.first != 0x20, line.first != 0x09 {
                let name = Self.trimmed(text[..<sign]).lowercased()
                sections[section, default: [:]][name] = String(Self.trimmed(text[text.index(after: sign)...]))
            }
        }
    }

    package subscript(_ profile: String, _ name: String) -> String? {
        sections[profile]?[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// `[name]`, or `[profile name]` as the configuration file has it.
    private static func name(of header: Substring) -> String {
        let name = trimmed(header.dropFirst().dropLast())
        return String(trimmed(name.hasPrefix("profile ") ? name.dropFirst("profile ".count) : name))
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while let first = text.first, first.isWhitespace { text = text.dropFirst() }
        while let last = text.last, last.isWhitespace { text = text.dropLast() }
        return text
    }
}
