import ModelStores

/// What fuzz-credential-file does with an input: reads it as a file of profiles, as Amazon's programs have them. What is read
/// becomes part of headers, and has no line ends in it.
package enum CredentialFileExercise {
    private static let names = [
        "aws_access_key_id", "aws_secret_access_key", "aws_session_token", "region", "endpoint_url",
    ]

    package static func run(_ input: UnsafeRawBufferPointer) {
        if let fault = fault(in: Array(input)) { fatalError(fault) }
    }

    /// `nil` when all is well.
    package static func fault(in bytes: [UInt8]) -> String? {
        let profiles = AWSProfiles(bytes)
        for profile in ["default", "a", ""] {
            for name in names {
                guard let value = profiles[profile, name] else { continue }
                if value.isEmpty { return "\(name) is empty" }
                if value.utf8.contains(where: { $0 == 0x0A || $0 == 0x0D }) { return "\(name) has several lines" }
            }
        }
        return nil
    }
}
