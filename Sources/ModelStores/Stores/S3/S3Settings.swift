/// Where buckets are, by the environment variables and files that Amazon's programs and TensorFlow's read.
struct S3Settings: Sendable, Hashable {
    /// `https://host:port`; `nil` for Amazon's own.
    var endpoint: String?
    var region: String
    var skipsVerification: Bool

    init(_ environment: StoreEnvironment) {
        let profile = environment["AWS_PROFILE", "AWS_DEFAULT_PROFILE"] ?? "default"
        let files = [
            environment.file(".aws/credentials", unless: "AWS_SHARED_CREDENTIALS_FILE"),
            environment.file(".aws/config", unless: "AWS_CONFIG_FILE"),
        ]
        let profiles = files.compactMap { $0.flatMap(environment.contents(of:)) }.map { AWSProfiles($0) }
        func setting(_ name: String) -> String? { profiles.lazy.compactMap { $0[profile, name] }.first }

        endpoint = (environment["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"] ?? setting("endpoint_url"))
            .map(Self.withoutSlash)
        // TensorFlow's has no scheme.
        if endpoint == nil, let host = environment["S3_ENDPOINT"] {
            let scheme = environment["S3_USE_HTTPS"] == "0" ? "http" : "https"
            endpoint = Self.withoutSlash(host.contains("://") ? host : "\(scheme)://\(host)")
        }
        region =
            environment["AWS_REGION", "AWS_DEFAULT_REGION", "S3_REGION"] ?? setting("region") ?? "us-east-1"
        skipsVerification = environment["S3_VERIFY_SSL"] == "0"
    }

    private static func withoutSlash(_ text: String) -> String {
        text.hasSuffix("/") ? String(text.dropLast()) : text
    }

    /// Without a slash at its end. Amazon wants buckets in the name of the host, where that can be certified.
    func url(ofBucket bucket: String, region: String) -> String {
        if let endpoint { return "\(endpoint)/\(bucket)" }
        let host = "s3.\(region).amazonaws.com\(region.hasPrefix("cn-") ? ".cn" : "")"
        return bucket.contains(".") ? "https://\(host)/\(bucket)" : "https://\(bucket).\(host)"
    }
}
