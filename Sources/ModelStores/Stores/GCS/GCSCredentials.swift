import CStoreLibraries
import ServingPrimitives
import Synchronization

/// Tokens for Google's storage, by the file that `GOOGLE_APPLICATION_CREDENTIALS` names or `gcloud` wrote (a service
/// account's key or a user's), or from the machine. Keeps one until shortly before it expires.
final class GCSCredentials: Sendable {
    private let environment: StoreEnvironment
    private let clock: @Sendable () -> Int64
    private let known = Mutex<(token: String?, until: Int64)?>(nil)

    private static let second: Int64 = 1_000_000_000
    private static let scope = "https://www.googleapis.com/auth/devstorage.read_only"
    private static let limits = HTTPConnection.Limits(connectMilliseconds: 1_000, totalMilliseconds: 10_000)

    init(_ environment: StoreEnvironment, clock: @escaping @Sendable () -> Int64) {
        self.environment = environment
        self.clock = clock
    }

    func forget() { known.withLock { $0 = nil } }

    /// - Returns: `nil` where there are no credentials: public buckets and emulators need none.
    func token(_ connection: HTTPConnection) throws(ServingError) -> String? {
        let now = clock()
        if let known = known.withLock({ $0 }), now < known.until { return known.token }
        let found = try find(connection)
        known.withLock { $0 = (found?.token, now + (max(60, (found?.seconds ?? 300)) - 30) * Self.second) }
        return found?.token
    }

    private typealias Token = (token: String, seconds: Int64)

    private func find(_ connection: HTTPConnection) throws(ServingError) -> Token? {
        let named = environment["GOOGLE_APPLICATION_CREDENTIALS"]
        guard let path = named ?? environment.file(".config/gcloud/application_default_credentials.json"),
            let bytes = environment.contents(of: path)
        else {
            if let named {
                throw ServingError(.unauthenticated, "GOOGLE_APPLICATION_CREDENTIALS cannot be read: \(named)")
            }
            return fromMachine(connection)
        }
        let file = JSONTree(bytes)
        switch file?["type"]?.text {
        case "service_account": return try fromServiceAccount(file, path, connection)
        case "authorized_user": return try fromUser(file, path, connection)
        case let kind:
            throw ServingError(
                .unauthenticated,
                "\(path) has credentials of the type \(kind ?? "none"); expected service_account or authorized_user"
            )
        }
    }

    private func fromServiceAccount(
        _ file: JSONTree?,
        _ path: String,
        _ connection: HTTPConnection
    ) throws(ServingError) -> Token {
        guard let account = file?["client_email"]?.text, let key = file?["private_key"]?.text else {
            throw ServingError(.unauthenticated, "\(path) has no client_email or no private_key")
        }
        let url = file?["token_uri"]?.text ?? "https://oauth2.googleapis.com/token"
        let now = clock() / Self.second
        let header = #"{"alg":"RS256","typ":"JWT"}"#
        let claims =
            #"{"iss":\#(JSONQuoting.quoted(account)),"scope":"\#(Self.scope)","aud":\#(JSONQuoting.quoted(url)),"#
            + #""iat":\#(now),"exp":\#(now + 3600)}"#
        let signed = [header, claims].map { Base64Text.encodedForURL(Array($0.utf8)) }.joined(separator: ".")
        let signature = try Self.signature(of: Array(signed.utf8), key: key, path)
        return try exchange(
            [
                "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
                "assertion": "\(signed).\(Base64Text.encodedForURL(signature))",
            ],
            at: url,
            connection
        )
    }

    private func fromUser(
        _ file: JSONTree?,
        _ path: String,
        _ connection: HTTPConnection
    ) throws(ServingError) -> Token {
        guard let id = file?["client_id"]?.text, let secret = file?["client_secret"]?.text,
            let token = file?["refresh_token"]?.text
        else { throw ServingError(.unauthenticated, "\(path) has no client_id, client_secret or refresh_token") }
        return try exchange(
            ["grant_type": "refresh_token", "client_id": id, "client_secret": secret, "refresh_token": token],
            at: file?["token_uri"]?.text ?? "https://oauth2.googleapis.com/token",
            connection
        )
    }

    private func exchange(
        _ form: [String: String],
        at url: String,
        _ connection: HTTPConnection
    ) throws(ServingError) -> Token {
        var request = HTTPRequest(url, method: "POST")
        request.headers = [("Content-Type", "application/x-www-form-urlencoded")]
        request.body = Array(URLText.query(form).utf8)
        let answer = try connection.document(request)
        guard answer.head.status == 200, let token = Self.token(inJSON: answer.body) else {
            if answer.head.status >= 500 { throw .refused(answer.head, url) }
            throw ServingError(.unauthenticated, "\(url) gives no token: it answers \(answer.head.status)")
        }
        return token
    }

    /// Only a machine of Google's has such a service: that it is silent is nothing to tell.
    private func fromMachine(_ connection: HTTPConnection) -> Token? {
        guard environment["STORAGE_EMULATOR_HOST"] == nil, environment["NO_GCE_CHECK"]?.lowercased() != "true" else {
            return nil
        }
        let host = environment["GCE_METADATA_HOST"] ?? "metadata.google.internal"
        var request = HTTPRequest("http://\(host)/computeMetadata/v1/instance/service-accounts/default/token")
        request.headers = [("Metadata-Flavor", "Google")]
        guard let answer = try? connection.document(request, limits: Self.limits), answer.head.status == 200 else {
            return nil
        }
        return Self.token(inJSON: answer.body)
    }

    private static func token(inJSON bytes: [UInt8]) -> Token? {
        guard let json = JSONTree(bytes), let token = json["access_token"]?.text,
            // It becomes part of a header.
            token.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { return nil }
        return (token, json["expires_in"]?.integer ?? 3600)
    }

    private static func signature(of bytes: [UInt8], key: String, _ path: String) throws(ServingError) -> [UInt8] {
        try StoreLibrary.crypto.open()
        // RSA keys have up to 16384 bits.
        var signature = [UInt8](repeating: 0, count: 2048)
        let count = cst_sign_rs256(key, key.utf8.count, bytes, bytes.count, &signature, signature.count)
        guard count > 0 else {
            throw ServingError(.unauthenticated, "the private_key of \(path) is not an RSA key in PEM form")
        }
        return Array(signature.prefix(count))
    }
}
