import FoundationEssentials
import NIOSSL

/// TLS with a self-signed certificate made for these tests only (P-256, for "localhost", valid for a hundred years).
enum TestCertificate {
    static func serverContext() throws -> NIOSSLContext {
        let certificate = try NIOSSLCertificate(bytes: decode(certificateDER), format: .der)
        let key = try NIOSSLPrivateKey(bytes: decode(keyDER), format: .der)
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: [.certificate(certificate)],
            privateKey: .privateKey(key)
        )
        configuration.applicationProtocols = ["h2"]
        return try NIOSSLContext(configuration: configuration)
    }

    /// Trusts that certificate and no other.
    static func clientContext() throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .certificates([try NIOSSLCertificate(bytes: decode(certificateDER), format: .der)])
        configuration.certificateVerification = .noHostnameVerification
        configuration.applicationProtocols = ["h2"]
        return try NIOSSLContext(configuration: configuration)
    }

    private static func decode(_ text: String) -> [UInt8] { Data(base64Encoded: text).map { Array($0) } ?? [] }

    private static let certificateDER = """
        MIIBfzCCASWgAwIBAgIUQFgrZHTWLtGNyNZ6Xj8CE91m1QAwCgYIKoZIzj0EAwIwFDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2\
        MTEyMTEyMTEzMFoYDzIxMjYxMDI4MTIxMTMwWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC\
        AARKIjbd/JTpg+SSajY+vtVvhhUOyUAOXzlYFsTLnWmRn+aSB1NlaaEdhiU3M8ULfZBOvmgq3sUpCEnPkIkAGSU4o1MwUTAdBgNV\
        HQ4EFgQUhoYRhs2L5Sj7+8JshTbdN8GOQa0wHwYDVR0jBBgwFoAUhoYRhs2L5Sj7+8JshTbdN8GOQa0wDwYDVR0TAQH/BAUwAwEB\
        /zAKBggqhkjOPQQDAgNIADBFAiEAges1MczNgYepHpym+9hL6PjY32vuSK9YmFRRM0+DVjYCIHzd70xQVTgVejafS+/YW799zmnA\
        IvorBRm0hYiAHPrD
        """

    private static let keyDER = """
        MHcCAQEEII/yj3fjtvmiqMwMKpckAf4oauIDNWNTnPxj5IH/7LBdoAoGCCqGSM49AwEHoUQDQgAESiI23fyU6YPkkmo2Pr7Vb4YV\
        DslADl85WBbEy51pkZ/mkgdTZWmhHYYlNzPFC32QTr5oKt7FKQhJz5CJABklOA==
        """
}
