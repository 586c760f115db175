package import ServingPrimitives

/// What a web server shows of a folder: a page of HTML with links, as nginx, Apache, Caddy and Python's `http.server` make
/// them, or a list in JSON, as nginx (`autoindex_format json`) and Caddy do.
package struct FolderPage: Hashable {
    package struct Entry: Hashable {
        /// Decoded, without a slash.
        package var name: String
        package var isFolder: Bool
        package var size: Int64?
        /// In nanoseconds since 1970.
        package var modified: Int64?
    }

    package var entries: [Entry] = []
    /// Links that lead out of the folder by a trick. Ordinary ones, as to the folder above, are not among them.
    package var refused: [String] = []

    private static let maximumCount = 100_000

    /// - Parameters:
    ///   - path: of the page's URL, with slashes at both ends.
    ///   - origin: `https://host:port` of it.
    /// - Throws: what is wrong.
    package init(_ bytes: [UInt8], isJSON: Bool, origin: String, path: String) throws(ServingError) {
        if isJSON {
            try readJSON(bytes)
        } else {
            readHTML(bytes, origin: origin, path: path)
        }
        guard entries.count <= Self.maximumCount else {
            throw ServingError(.resourceExhausted, "\(origin)\(path) lists more than \(Self.maximumCount) names")
        }
    }

    private mutating func readJSON(_ bytes: [UInt8]) throws(ServingError) {
        guard let list = JSONTree(bytes)?.list else {
            throw .failedPrecondition("not the listing of a folder: expected a list of objects with a name in JSON")
        }
        for item in list {
            guard let name = item["name"]?.text else { continue }
            let isFolder = item["type"]?.text == "directory" || item["is_dir"]?.bool == true || name.hasSuffix("/")
            let modified = item["mtime"]?.text.flatMap(StoreDate.http) ?? item["mod_time"]?.text.flatMap(StoreDate.iso)
            let size = item["size"]?.integer.flatMap { $0 < 0 || isFolder ? nil : $0 }
            add(name.hasSuffix("/") ? String(name.dropLast()) : name, isFolder, size, modified)
        }
    }

    private mutating func readHTML(_ bytes: [UInt8], origin: String, path: String) {
        var seen: Set<String> = []
        for link in Self.links(in: bytes) {
            var link = Self.withoutEntities(link)[...]
            link = link.prefix { $0 != "?" && $0 != "#" }
            if link.hasPrefix(origin + "/") { link = link.dropFirst(origin.count) }
            if link.hasPrefix(path) { link = link.dropFirst(path.count) }
            while link.hasPrefix("./") { link = link.dropFirst(2) }
            let isFolder = link.hasSuffix("/")
            if isFolder { link = link.dropLast() }
            // The folder above, columns to sort by, other places.
            guard !link.isEmpty, link != "..", link != ".", !link.contains("/"), !link.contains(":") else { continue }
            let name = PercentCode.decoded(Array(link.utf8)[...])
            if seen.insert(name).inserted { add(name, isFolder, nil, nil) }
        }
    }

    private mutating func add(_ name: String, _ isFolder: Bool, _ size: Int64?, _ modified: Int64?) {
        if SafePath.isBelow(name), !name.contains("/") {
            entries.append(Entry(name: name, isFolder: isFolder, size: size, modified: modified))
        } else {
            refused.append(name)
        }
    }

    /// The values of all `href` attributes.
    private static func links(in bytes: [UInt8]) -> [String] {
        let word = Array("href".utf8)
        var links: [String] = []
        var index = 0
        while index + word.count < bytes.count, links.count <= maximumCount {
            guard zip(word, bytes[index...]).allSatisfy({ $0 == $1 | 0x20 }) else {
                index += 1
                continue
            }
            index += word.count
            var rest = bytes[index...].drop { $0 <= 0x20 }
            guard rest.first == UInt8(ascii: "=") else { continue }
            rest = rest.dropFirst().drop { $0 <= 0x20 }
            guard let quote = rest.first, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else { continue }
            let value = rest.dropFirst().prefix { $0 != quote && $0 != UInt8(ascii: ">") }
            links.append(String(decoding: value, as: UTF8.self))
            index = value.endIndex
        }
        return links
    }

    private static func withoutEntities(_ text: String) -> String {
        guard text.contains("&") else { return text }
        // The ampersand last: what it gives is no entity.
        return [
            ("&quot;", "\""), ("&#34;", "\""), ("&#39;", "'"), ("&#x27;", "'"), ("&lt;", "<"), ("&gt;", ">"),
            ("&amp;", "&"),
        ]
        .reduce(text) { $0.replacing($1.0, with: $1.1) }
    }
}
