/// What requests are signed with.
struct S3Credentials: Sendable, Hashable {
    var keyID: String
    var secret: String
    /// Of credentials that expire.
    var token: String?
    /// In nanoseconds since 1970; `nil` for those that stay.
    var expires: Int64?
}
