import ServingPrimitives
import Synchronization

/// A bucket of Amazon S3, or of anything that speaks its protocol.
final class S3Store: ObjectStore {
    private let bucket: String
    private let settings: S3Settings
    private let credentials: S3CredentialChain
    /// Where the bucket was found to be, if not where it was looked for.
    private let foundRegion = Mutex<String?>(nil)

    /// Of an empty body.
    private static let emptyDigest = "\(SHA256Digest(of: []))"

    init(bucket: String, settings: S3Settings, credentials: S3CredentialChain) {
        self.bucket = bucket
        self.settings = settings
        self.credentials = credentials
    }

    func children(of path: String, _ connection: HTTPConnection) throws(ServingError) -> StoreListing {
        try list(prefix: path.isEmpty ? "" : path + "/", delimiter: "/", connection)
    }

    func tree(of path: String, _ connection: HTTPConnection) throws(ServingError) -> StoreListing {
        try list(prefix: path.isEmpty ? "" : path + "/", delimiter: nil, connection)
    }

    func file(_ path: String, _ connection: HTTPConnection) throws(ServingError) -> StoredFile {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        for object in try page(["prefix": path, "max-keys": "1"], connection).objects where object.key == path {
            return object.file(named: name)
        }
        throw .notFound("s3://\(bucket)/\(path): there is no such object")
    }

    func request(for file: StoredFile, _ connection: HTTPConnection) throws(ServingError) -> HTTPRequest {
        var request = try signed(file.address, query: [:], connection)
        if let tag = file.tag { request.headers.append(("If-Match", tag)) }
        return request
    }

    /// The ETag of an object that is encrypted with a key of its own is not the MD5 of its content.
    func checksums(of file: StoredFile, _ head: HTTPResponseHead) -> [StoredFile.Checksum] {
        let encryption = head["x-amz-server-side-encryption"]
        let isPlain =
            (encryption == nil || encryption == "AES256")
            && head["x-amz-server-side-encryption-customer-algorithm"] == nil
        return isPlain ? file.checksums : []
    }

    private func list(
        prefix: String,
        delimiter: String?,
        _ connection: HTTPConnection
    ) throws(ServingError) -> StoreListing {
        try StoreListing(
            prefix: prefix,
            delimiter: delimiter,
            of: "s3://\(bucket)",
            query: ["encoding-type": "url"],
            continuation: "continuation-token"
        ) { (query) throws(ServingError) in try page(query, connection) }
    }

    private func page(_ query: [String: String], _ connection: HTTPConnection) throws(ServingError) -> S3Listing {
        var query = query
        query["list-type"] = "2"
        var answer = try connection.document(try signed("", query: query, connection))
        // A bucket that is elsewhere says where.
        if answer.head.status != 200, let region = answer.head["x-amz-bucket-region"], region != self.region {
            foundRegion.withLock { $0 = region }
            answer = try connection.document(try signed("", query: query, connection))
        }
        guard answer.head.status == 200 else {
            if [401, 403].contains(answer.head.status) { credentials.forget() }
            let error = try? XMLElement.parse(answer.body)
            let detail = [error?.text("Code"), error?.text("Message")].compactMap(\.self).joined(separator: ", ")
            throw .refused(answer.head, "s3://\(bucket)", detail: detail.isEmpty ? nil : detail)
        }
        return try S3Listing(answer.body)
    }

    private var region: String { foundRegion.withLock { $0 } ?? settings.region }

    /// A request for an object, or for the bucket itself where `key` is empty.
    private func signed(
        _ key: String,
        query: [String: String],
        _ connection: HTTPConnection
    ) throws(ServingError) -> HTTPRequest {
        let path = PercentCode.encoded(key, keepingSlashes: true)
        let base = settings.url(ofBucket: bucket, region: region)
        var request = HTTPRequest("\(base)/\(path)\(query.isEmpty ? "" : "?")\(URLText.query(query))")
        request.skipsVerification = settings.skipsVerification
        guard let credentials = try credentials.credentials(connection) else { return request }
        request.headers.append(("x-amz-content-sha256", Self.emptyDigest))
        if let token = credentials.token { request.headers.append(("x-amz-security-token", token)) }
        request.signing = .init(region: region, service: "s3", keyID: credentials.keyID, secret: credentials.secret)
        return request
    }
}
