import ServingPrimitives

/// A bucket of Google's storage, by its JSON API; or of an emulator, where `STORAGE_EMULATOR_HOST` names one.
struct GCSStore: ObjectStore {
    let bucket: String
    /// `https://host`, without a slash at its end.
    let endpoint: String
    let credentials: GCSCredentials

    static func endpoint(_ environment: StoreEnvironment) -> String {
        guard var host = environment["STORAGE_EMULATOR_HOST"] else { return "https://storage.googleapis.com" }
        while host.hasSuffix("/") { host.removeLast() }
        return host.contains("://") ? host : "http://\(host)"
    }

    func children(of path: String, _ connection: HTTPConnection) throws(ServingError) -> StoreListing {
        try list(prefix: path.isEmpty ? "" : path + "/", delimiter: "/", connection)
    }

    func tree(of path: String, _ connection: HTTPConnection) throws(ServingError) -> StoreListing {
        try list(prefix: path.isEmpty ? "" : path + "/", delimiter: nil, connection)
    }

    func file(_ path: String, _ connection: HTTPConnection) throws(ServingError) -> StoredFile {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        for object in try page(["prefix": path], connection).objects where object.key == path {
            return object.file(named: name)
        }
        throw .notFound("gs://\(bucket)/\(path): there is no such object")
    }

    func request(for file: StoredFile, _ connection: HTTPConnection) throws(ServingError) -> HTTPRequest {
        var query = ["alt": "media"]
        if let generation = file.tag { query["ifGenerationMatch"] = generation }
        return try request("/\(PercentCode.encoded(file.address))", query, connection)
    }

    private func list(
        prefix: String,
        delimiter: String?,
        _ connection: HTTPConnection
    ) throws(ServingError) -> StoreListing {
        try StoreListing(
            prefix: prefix,
            delimiter: delimiter,
            of: "gs://\(bucket)",
            query: ["maxResults": "1000"],
            continuation: "pageToken"
        ) { (query) throws(ServingError) in try page(query, connection) }
    }

    private func page(_ query: [String: String], _ connection: HTTPConnection) throws(ServingError) -> GCSListing {
        let answer = try connection.document(try request("", query, connection))
        guard answer.head.status == 200 else {
            if [401, 403].contains(answer.head.status) { credentials.forget() }
            throw .refused(answer.head, "gs://\(bucket)", detail: JSONTree(answer.body)?["error"]?["message"]?.text)
        }
        return try GCSListing(answer.body)
    }

    private func request(
        _ path: String,
        _ query: [String: String],
        _ connection: HTTPConnection
    ) throws(ServingError) -> HTTPRequest {
        let bucket = PercentCode.encoded(bucket)
        var request = HTTPRequest("\(endpoint)/storage/v1/b/\(bucket)/o\(path)?\(URLText.query(query))")
        if let token = try credentials.token(connection) {
            request.headers.append(("Authorization", "Bearer \(token)"))
        }
        return request
    }
}
