import ServingPrimitives

/// Folders of a web server. Names and passwords come from `~/.netrc`.
struct HTTPStore: ObjectStore {
    /// `https://host:port`
    let origin: String
    let netrc: String?

    private static let maximumDepth = 16

    func children(of path: String, _ connection: HTTPConnection) throws(ServingError) -> StoreListing {
        var listing = StoreListing()
        let page = try page(path, connection)
        for name in page.refused { listing.refuse(name) }
        for entry in page.entries {
            if entry.isFolder {
                listing.folders.insert(entry.name)
            } else {
                listing.files[entry.name] = file(entry, in: path)
            }
        }
        return listing
    }

    /// Asks for the length of every file: the listing leaves it out, or rounds it.
    func tree(of path: String, _ connection: HTTPConnection) throws(ServingError) -> StoreListing {
        var listing = StoreListing()
        try add(path, prefix: "", depth: 0, to: &listing, connection)
        return listing
    }

    private func add(
        _ path: String,
        prefix: String,
        depth: Int,
        to listing: inout StoreListing,
        _ connection: HTTPConnection
    ) throws(ServingError) {
        let page = try page(path, connection)
        for name in page.refused { listing.refuse(prefix + name) }
        for entry in page.entries {
            guard listing.count < 10_000, depth < Self.maximumDepth else {
                throw ServingError(
                    .resourceExhausted,
                    "\(origin)/\(path) has more than 10000 files or \(Self.maximumDepth) folders inside of each other"
                )
            }
            if entry.isFolder {
                listing.folders.insert(prefix + entry.name)
                let folder = "\(path)/\(PercentCode.encoded(entry.name))"
                try add(folder, prefix: "\(prefix)\(entry.name)/", depth: depth + 1, to: &listing, connection)
            } else {
                var file = try head(file(entry, in: path), connection)
                file.name = prefix + entry.name
                listing.files[file.name] = file
            }
        }
    }

    func file(_ path: String, _ connection: HTTPConnection) throws(ServingError) -> StoredFile {
        let name = path.split(separator: "/").last ?? ""
        let file = StoredFile(name: PercentCode.decoded(Array(name.utf8)[...]), address: "\(origin)/\(path)")
        return try head(file, connection)
    }

    func request(for file: StoredFile, _ connection: HTTPConnection) throws(ServingError) -> HTTPRequest {
        var request = request(file.address)
        // Compressed on the way, lengths and ranges would be those of something else.
        request.headers.append(("Accept-Encoding", "identity"))
        if let tag = file.tag, tag.hasPrefix("\"") { request.headers.append(("If-Match", tag)) }
        return request
    }

    private func request(_ url: String, method: String? = nil) -> HTTPRequest {
        var request = HTTPRequest(url, method: method)
        request.followsRedirects = true
        request.netrc = netrc
        return request
    }

    private func file(_ entry: FolderPage.Entry, in path: String) -> StoredFile {
        let folder = path.isEmpty ? origin : "\(origin)/\(path)"
        return StoredFile(
            name: entry.name,
            address: "\(folder)/\(PercentCode.encoded(entry.name))",
            size: entry.size,
            modified: entry.modified ?? .max
        )
    }

    private func page(_ path: String, _ connection: HTTPConnection) throws(ServingError) -> FolderPage {
        let path = path.isEmpty ? "/" : "/\(path)/"
        var request = request(origin + path)
        request.headers = [("Accept", "application/json, text/html;q=0.9, */*;q=0.1")]
        let answer = try connection.document(request)
        guard answer.head.status == 200 else { throw .refused(answer.head, origin + path) }
        let kind = answer.head["content-type"]?.lowercased() ?? ""
        guard kind.contains("json") || kind.contains("html") else {
            throw .failedPrecondition(
                "\(origin)\(path) is no listing of a folder but \(kind.isEmpty ? "of no type" : kind.prefix(100)); expected "
                    + "HTML with links, or JSON"
            )
        }
        return try FolderPage(answer.body, isJSON: kind.contains("json"), origin: origin, path: path)
    }

    private func head(_ file: StoredFile, _ connection: HTTPConnection) throws(ServingError) -> StoredFile {
        var request = request(file.address, method: "HEAD")
        request.headers = [("Accept-Encoding", "identity")]
        let (head, _) = try connection.document(request)
        guard head.status == 200 else { throw .refused(head, file.address) }
        var file = file
        file.size = head.contentLength ?? file.size
        file.tag = head["etag"]
        file.modified = head["last-modified"].flatMap(StoreDate.http) ?? file.modified
        return file
    }
}
