import ServingPrimitives
import Testing

@testable import ModelStores

@Suite struct CredentialsTests {
    private static func environment(_ variables: [String: String], files: [String: String] = [:]) -> StoreEnvironment {
        StoreEnvironment(variable: { variables[$0] }, read: { path in files[path].map { Array($0.utf8) } })
    }

    private static func credentials(_ environment: StoreEnvironment) throws -> S3Credentials? {
        let chain = S3CredentialChain(environment, clock: { 0 })
        return try chain.credentials(HTTPConnection(.init()))
    }

    private static let files = [
        "/h/.aws/credentials":
            "# of mine\n[default]\naws_access_key_id = A\naws_secret_access_key=B=\n[work]\naws_access_key_id=C\n"
            + "aws_secret_access_key=D\naws_session_token=E\n",
        "/h/.aws/config":
            "[default]\nregion = eu-west-1\n\n[profile work]\nregion=us-west-2\nendpoint_url = http://e:1/\n",
    ]

    @Test func `the environment comes before the files`() throws {
        let environment = Self.environment(
            ["HOME": "/h", "AWS_ACCESS_KEY_ID": "X", "AWS_SECRET_ACCESS_KEY": "Y", "AWS_SESSION_TOKEN": "Z"],
            files: Self.files
        )
        #expect(try Self.credentials(environment) == S3Credentials(keyID: "X", secret: "Y", token: "Z"))
    }

    @Test func `files have profiles`() throws {
        let home = ["HOME": "/h"]
        let plain = Self.environment(home, files: Self.files)
        #expect(try Self.credentials(plain) == S3Credentials(keyID: "A", secret: "B="))
        #expect(S3Settings(plain).region == "eu-west-1" && S3Settings(plain).endpoint == nil)
        let work = Self.environment(home.merging(["AWS_PROFILE": "work"]) { $1 }, files: Self.files)
        #expect(try Self.credentials(work) == S3Credentials(keyID: "C", secret: "D", token: "E"))
        #expect(S3Settings(work).region == "us-west-2" && S3Settings(work).endpoint == "http://e:1")
    }

    @Test func `without any, requests go unsigned`() throws {
        #expect(try Self.credentials(Self.environment(["AWS_EC2_METADATA_DISABLED": "true"])) == nil)
    }

    @Test(
        arguments: [
            ([:], "https://b.s3.us-east-1.amazonaws.com"),
            (["AWS_REGION": "eu-central-1"], "https://b.s3.eu-central-1.amazonaws.com"),
            (["AWS_ENDPOINT_URL": "http://localhost:5000/"], "http://localhost:5000/b"),
            (["S3_ENDPOINT": "minio:9000", "S3_USE_HTTPS": "0"], "http://minio:9000/b"),
            (["S3_ENDPOINT": "minio:9000"], "https://minio:9000/b"),
            (["AWS_ENDPOINT_URL_S3": "http://a", "AWS_ENDPOINT_URL": "http://b"], "http://a/b"),
        ] as [([String: String], String)]
    )
    func `buckets are where the environment says`(variables: [String: String], url: String) {
        let settings = S3Settings(Self.environment(variables))
        #expect(settings.url(ofBucket: "b", region: settings.region) == url)
    }

    @Test func `a file of Google's that is none is refused by its name`() throws {
        let path = ["GOOGLE_APPLICATION_CREDENTIALS": "/c.json"]
        for (text, words) in [
            (nil, "cannot be read: /c.json"), ("{}", "of the type none"),
            (#"{"type":"external_account"}"#, "external_account"),
            (#"{"type":"service_account"}"#, "no client_email"), (#"{"type":"authorized_user"}"#, "no client_id"),
            (#"{"type":"service_account","client_email":"a@b","private_key":"none"}"#, "not an RSA key in PEM form"),
        ] as [(String?, String)] {
            let environment = Self.environment(path, files: text.map { ["/c.json": $0] } ?? [:])
            let error = #expect(throws: ServingError.self) {
                try GCSCredentials(environment, clock: { 0 }).token(HTTPConnection(.init()))
            }
            #expect(error?.code == .unauthenticated && error?.message.contains(words) == true)
        }
    }

    @Test(arguments: [([], ""), ([0xFB], "-w"), ([0xFF, 0xFE], "__4"), ([1, 2, 3], "AQID")] as [([UInt8], String)])
    func `Base64 of tokens is written and read`(bytes: [UInt8], text: String) {
        #expect(Base64Text.encodedForURL(bytes) == text)
        #expect(Base64Text.decoded(text) == bytes)
    }

    @Test(
        arguments: [
            ("2026-11-21T20:45:37.123Z", 1_795_293_937), ("1970-01-01T00:00:00Z", 0), ("2026-11-21", nil), ("", nil),
            ("2026-13-21T20:45:37Z", nil),
        ] as [(String, Int64?)]
    )
    func `times of stores are read`(text: String, seconds: Int64?) {
        #expect(StoreDate.iso(text) == seconds.map { $0 * 1_000_000_000 })
    }

    @Test(
        arguments: [
            ("Sat, 21 Nov 2026 20:45:37 GMT", 1_795_293_937), ("Sat, 21 Foo 2026 20:45:37 GMT", nil), ("never", nil),
        ] as [(String, Int64?)]
    )
    func `times of web servers are read`(text: String, seconds: Int64?) {
        #expect(StoreDate.http(text) == seconds.map { $0 * 1_000_000_000 })
    }
}
