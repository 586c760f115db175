/// One request to a store, as plain values.
struct HTTPRequest: Sendable {
    var url: String
    var method: String?
    var headers: [(name: String, value: String)] = []
    /// First and last byte.
    var range: ClosedRange<Int64>?
    var signing: Signing?
    var body: [UInt8]?
    var followsRedirects = false
    /// Takes every certificate for good.
    var skipsVerification = false
    /// Names and passwords by host.
    var netrc: String?

    /// AWS signature version 4.
    struct Signing: Sendable, Hashable {
        var region: String
        var service: String
        var keyID: String
        var secret: String
    }

    init(_ url: String, method: String? = nil) {
        self.url = url
        self.method = method
    }
}
