import ServingPrimitives
import Synchronization

/// Finds credentials in the order of Amazon's programs: environment, web identity, shared files, the container's, the
/// machine's. Keeps them until shortly before they expire.
final class S3CredentialChain: Sendable {
    private enum Known {
        case nothing
        /// `nil`: there are none, and requests go unsigned.
        case credentials(S3Credentials?, until: Int64)
    }

    private let environment: StoreEnvironment
    private let clock: @Sendable () -> Int64
    private let known = Mutex(Known.nothing)

    private static let minute: Int64 = 60_000_000_000
    /// The services that have credentials are near, or are not there.
    private static let limits = HTTPConnection.Limits(connectMilliseconds: 1_000, totalMilliseconds: 5_000)

    init(_ environment: StoreEnvironment, clock: @escaping @Sendable () -> Int64) {
        self.environment = environment
        self.clock = clock
    }

    /// The next request asks anew: the store did not like these.
    func forget() { known.withLock { $0 = .nothing } }

    /// - Returns: `nil` where there are none: public buckets need none.
    /// - Throws: why those that are configured cannot be had.
    func credentials(_ connection: HTTPConnection) throws(ServingError) -> S3Credentials? {
        let now = clock()
        if case .credentials(let credentials, let until) = known.withLock({ $0 }), now < until { return credentials }
        let found = try find(connection)
        let until = found?.expires.map { $0 - 5 * Self.minute } ?? (now + 5 * Self.minute)
        known.withLock { $0 = .credentials(found, until: until) }
        return found
    }

    private func find(_ connection: HTTPConnection) throws(ServingError) -> S3Credentials? {
        if let found = fromEnvironment() { return found }
        if let found = try fromWebIdentity(connection) { return found }
        if let found = fromFiles() { return found }
        if let found = try fromContainer(connection) { return found }
        return fromMachine(connection)
    }

    private func fromEnvironment() -> S3Credentials? {
        guard let keyID = environment["AWS_ACCESS_KEY_ID"], let secret = environment["AWS_SECRET_ACCESS_KEY"] else {
            return nil
        }
        return S3Credentials(keyID: keyID, secret: secret, token: environment["AWS_SESSION_TOKEN"])
    }

    private func fromFiles() -> S3Credentials? {
        let profile = environment["AWS_PROFILE", "AWS_DEFAULT_PROFILE"] ?? "default"
        let files = [
            environment.file(".aws/credentials", unless: "AWS_SHARED_CREDENTIALS_FILE"),
            environment.file(".aws/config", unless: "AWS_CONFIG_FILE"),
        ]
        for bytes in files.compactMap({ $0.flatMap(environment.contents(of:)) }) {
            let profiles = AWSProfiles(bytes)
            guard let keyID = profiles[profile, "aws_access_key_id"],
                let secret = profiles[profile, "aws_secret_access_key"]
            else { continue }
            return S3Credentials(keyID: keyID, secret: secret, token: profiles[profile, "aws_session_token"])
        }
        return nil
    }

    /// A token in a file, as Kubernetes gives it to a pod, is exchanged for credentials.
    private func fromWebIdentity(_ connection: HTTPConnection) throws(ServingError) -> S3Credentials? {
        guard let file = environment["AWS_WEB_IDENTITY_TOKEN_FILE"], let role = environment["AWS_ROLE_ARN"] else {
            return nil
        }
        guard let token = environment.contents(of: file) else {
            throw ServingError(.unauthenticated, "AWS_WEB_IDENTITY_TOKEN_FILE cannot be read: \(file)")
        }
        let region = S3Settings(environment).region
        let endpoint = environment["AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"] ?? "https://sts.\(region).amazonaws.com"
        let query = URLText.query([
            "Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15", "RoleArn": role,
            "RoleSessionName": environment["AWS_ROLE_SESSION_NAME"] ?? "apus",
            "WebIdentityToken": String(decoding: token, as: UTF8.self).filter { !$0.isWhitespace },
        ])
        var request = HTTPRequest("\(endpoint)/", method: "POST")
        request.headers = [("Content-Type", "application/x-www-form-urlencoded")]
        request.body = Array(query.utf8)
        let answer = try connection.document(request)
        guard answer.head.status == 200 else {
            throw ServingError(.unauthenticated, "\(endpoint) gives no credentials: it answers \(answer.head.status)")
        }
        let result = try XMLElement.parse(answer.body)["AssumeRoleWithWebIdentityResult"]?["Credentials"]
        guard let result, let keyID = result.text("AccessKeyId"), let secret = result.text("SecretAccessKey") else {
            throw ServingError(.unauthenticated, "\(endpoint) gives no credentials")
        }
        return S3Credentials(
            keyID: keyID,
            secret: secret,
            token: result.text("SessionToken"),
            expires: result.text("Expiration").flatMap(StoreDate.iso)
        )
    }

    private func fromContainer(_ connection: HTTPConnection) throws(ServingError) -> S3Credentials? {
        let full = environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"]
        let relative = environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"].map { "http://169.254.170.2\($0)" }
        guard let url = relative ?? full else { return nil }
        var request = HTTPRequest(url)
        let file = environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"].flatMap(environment.contents(of:))
        let token = file.map { String(decoding: $0, as: UTF8.self).filter { !$0.isNewline } }
        if let token = token ?? environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"] {
            request.headers = [("Authorization", token)]
        }
        let answer = try connection.document(request, limits: Self.limits)
        guard answer.head.status == 200, let found = Self.credentials(inJSON: answer.body) else {
            throw ServingError(.unauthenticated, "\(request.location) gives no credentials: \(answer.head.status)")
        }
        return found
    }

    /// Only a machine of Amazon's has such a service: that it is silent is nothing to tell.
    private func fromMachine(_ connection: HTTPConnection) -> S3Credentials? {
        guard environment["AWS_EC2_METADATA_DISABLED"]?.lowercased() != "true",
            // With an endpoint of one's own, machines of Amazon's are not meant.
            S3Settings(environment).endpoint == nil || environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] != nil
        else { return nil }
        let base = environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] ?? "http://169.254.169.254"
        func text(_ path: String, _ token: String?, method: String? = nil) -> [UInt8]? {
            var request = HTTPRequest("\(base)/latest/\(path)", method: method)
            request.headers = [
                token.map { ("X-aws-ec2-metadata-token", $0) } ?? ("X-aws-ec2-metadata-token-ttl-seconds", "300")
            ]
            guard let answer = try? connection.document(request, limits: Self.limits), answer.head.status == 200 else {
                return nil
            }
            return answer.body
        }
        let folder = "meta-data/iam/security-credentials/"
        guard let token = text("api/token", nil, method: "PUT").map({ String(decoding: $0, as: UTF8.self) }),
            let role = text(folder, token)?.split(separator: 0x0A).first.map({ String(decoding: $0, as: UTF8.self) }),
            let json = text(folder + PercentCode.encoded(role), token)
        else { return nil }
        return Self.credentials(inJSON: json)
    }

    private static func credentials(inJSON bytes: [UInt8]) -> S3Credentials? {
        guard let json = JSONTree(bytes), let keyID = json["AccessKeyId"]?.text,
            let secret = json["SecretAccessKey"]?.text
        else { return nil }
        return S3Credentials(
            keyID: keyID,
            secret: secret,
            token: json["Token"]?.text,
            expires: json["Expiration"]?.text.flatMap(StoreDate.iso)
        )
    }
}
