/// Certificates made for tests only, with their keys, as PEM text: P-256, valid from 2025-01-01 to 2125-01-02.
public enum TestCertificates {
    public struct Pair: Sendable {
        public let certificate: String
        public let key: String
    }

    /// A moment at which they are valid, in seconds since 1970.
    public static let validTime = 1_800_000_000

    /// Signs those below, but not `impostor`.
    public static let authority = Pair(
        certificate: """
            -----BEGIN CERTIFICATE-----
            MIIBgjCCASigAwIBAgIUU3aOnPKFD7dOfw/0Ra8xKy/+YIUwCgYIKoZIzj0EAwIw
            HjEcMBoGA1UEAwwTQXB1cyB0ZXN0IGF1dGhvcml0eTAgFw0yNTAxMDEwMDAwMDBa
            GA8yMTI1MDEwMjAwMDAwMFowHjEcMBoGA1UEAwwTQXB1cyB0ZXN0IGF1dGhvcml0
            eTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABJiIn35+xuNJiHbndqmGOTduaKgx
            c9ieWZKRJTTgAu0swiWGYSToAUIDdLMUERHrdooZDKXlDe8Ae+i3OAJHTIijQjBA
            MA8GA1UdEwEB/wQFMAMBAf8wDgYDVR0PAQH/BAQDAgEGMB0GA1UdDgQWBBT48zEV
            ZF6/nlVXhAT6sLpajBUPnjAKBggqhkjOPQQDAgNIADBFAiEAwtnvcjazxCU03g2u
            sQ/jr9R/LS7gNu2Omd0gNwHqL9sCIFGds8mcUM0RZL6GZmRB5Ob2c0l4QFGMiyyD
            JhwEAOpH
            -----END CERTIFICATE-----

            """,
        key: """
            -----BEGIN EC PRIVATE KEY-----
            MHcCAQEEIPgE5B8UB/pAP9Pe6/Oyi/FMRhsstofGJe3egh1qyKCPoAoGCCqGSM49
            AwEHoUQDQgAEmIiffn7G40mIdud2qYY5N25oqDFz2J5ZkpElNOAC7SzCJYZhJOgB
            QgN0sxQREet2ihkMpeUN7wB76Lc4AkdMiA==
            -----END EC PRIVATE KEY-----

            """
    )

    /// For `localhost` and 127.0.0.1.
    public static let server = Pair(
        certificate: """
            -----BEGIN CERTIFICATE-----
            MIIBuDCCAV6gAwIBAgIUHucPIh08bBc0+5SIurKGswrVhT0wCgYIKoZIzj0EAwIw
            HjEcMBoGA1UEAwwTQXB1cyB0ZXN0IGF1dGhvcml0eTAgFw0yNTAxMDEwMDAwMDBa
            GA8yMTI1MDEwMjAwMDAwMFowFDESMBAGA1UEAwwJbG9jYWxob3N0MFkwEwYHKoZI
            zj0CAQYIKoZIzj0DAQcDQgAEiPaHZZowwA8GHLLGZTIMYkodQGO/kVzWtDwMzuQk
            O1DMKwx+DzjRqaz8p7NRM3AaCB7DpAv6ar8gOszgBYQlm6OBgTB/MAwGA1UdEwEB
            /wQCMAAwGgYDVR0RBBMwEYIJbG9jYWxob3N0hwR/AAABMBMGA1UdJQQMMAoGCCsG
            AQUFBwMBMB0GA1UdDgQWBBRqHfTvVhZudD8V0GXkTYZm6UWBBDAfBgNVHSMEGDAW
            gBT48zEVZF6/nlVXhAT6sLpajBUPnjAKBggqhkjOPQQDAgNIADBFAiACFj3wcf6H
            sOHCeIre6lhkQ+anxpf1263jnZOHZA1AkgIhAJw8eQyb2LakMoXHAGpdR805eeZC
            NDvFyAZG5yfsLwtW
            -----END CERTIFICATE-----

            """,
        key: """
            -----BEGIN EC PRIVATE KEY-----
            MHcCAQEEIO81ubR0LinTPB8aeTJl7b9+70GhX7m5G4WzGl8pWg1BoAoGCCqGSM49
            AwEHoUQDQgAEiPaHZZowwA8GHLLGZTIMYkodQGO/kVzWtDwMzuQkO1DMKwx+DzjR
            qaz8p7NRM3AaCB7DpAv6ar8gOszgBYQlmw==
            -----END EC PRIVATE KEY-----

            """
    )

    /// As `server`, with another key.
    public static let renewed = Pair(
        certificate: """
            -----BEGIN CERTIFICATE-----
            MIIBuDCCAV6gAwIBAgIUXRZs+OcCAi95Z82DrpyYmMCwz1YwCgYIKoZIzj0EAwIw
            HjEcMBoGA1UEAwwTQXB1cyB0ZXN0IGF1dGhvcml0eTAgFw0yNTAxMDEwMDAwMDBa
            GA8yMTI1MDEwMjAwMDAwMFowFDESMBAGA1UEAwwJbG9jYWxob3N0MFkwEwYHKoZI
            zj0CAQYIKoZIzj0DAQcDQgAE4XxDm+RKBZu2dsuhQtcMbKMJramCjP9ny6YaWUsq
            sHzW6V16Abj4+Anyq6ZbJcK9ls2PXorj0mDKHabjyFUynqOBgTB/MAwGA1UdEwEB
            /wQCMAAwGgYDVR0RBBMwEYIJbG9jYWxob3N0hwR/AAABMBMGA1UdJQQMMAoGCCsG
            AQUFBwMBMB0GA1UdDgQWBBQV2U/msDwxS5jDKBoYr7SS7k0uZTAfBgNVHSMEGDAW
            gBT48zEVZF6/nlVXhAT6sLpajBUPnjAKBggqhkjOPQQDAgNIADBFAiAxI8b9SGh+
            6gFc1xBOFEqSrXb4vFcxAiS1j5LT44nSPgIhANN3tPISR1jNWWRq0v0fWAMgbqfm
            83pryCEgkJc4ND8n
            -----END CERTIFICATE-----

            """,
        key: """
            -----BEGIN EC PRIVATE KEY-----
            MHcCAQEEIBuITkCEaAcGdr0rrfFz+pRC1exgvfEPt/hVTPZdT1lhoAoGCCqGSM49
            AwEHoUQDQgAE4XxDm+RKBZu2dsuhQtcMbKMJramCjP9ny6YaWUsqsHzW6V16Abj4
            +Anyq6ZbJcK9ls2PXorj0mDKHabjyFUyng==
            -----END EC PRIVATE KEY-----

            """
    )

    /// A client's.
    public static let client = Pair(
        certificate: """
            -----BEGIN CERTIFICATE-----
            MIIBnjCCAUOgAwIBAgIULxayiKm2MjCvIUxTPvyKidg6h0IwCgYIKoZIzj0EAwIw
            HjEcMBoGA1UEAwwTQXB1cyB0ZXN0IGF1dGhvcml0eTAgFw0yNTAxMDEwMDAwMDBa
            GA8yMTI1MDEwMjAwMDAwMFowFjEUMBIGA1UEAwwLdGVzdCBjbGllbnQwWTATBgcq
            hkjOPQIBBggqhkjOPQMBBwNCAAT3bxzuxapxOFW6YgL9+XwlXIN5YnS/1Nz6gGGX
            Jj6UrABCerWa2bqW3Dc6iF7++Gt+hUyg1LQz7J1ZWRzBcLjEo2UwYzAMBgNVHRMB
            Af8EAjAAMBMGA1UdJQQMMAoGCCsGAQUFBwMCMB0GA1UdDgQWBBRRc5zlqvP84euK
            YUn1bJyhGC2SNjAfBgNVHSMEGDAWgBT48zEVZF6/nlVXhAT6sLpajBUPnjAKBggq
            hkjOPQQDAgNJADBGAiEAqtTkwFuB6pbPBNbIM9PL9ED17qJazatn05L1tM3VpGUC
            IQD9SEQsf1TsQNeg9UMmqoItAXEi7OJHVFzCPOk02tPu2A==
            -----END CERTIFICATE-----

            """,
        key: """
            -----BEGIN EC PRIVATE KEY-----
            MHcCAQEEIHiWiTClR/VsZ4CQLdDzvS4/GwU0ErQHOpd2ShwLeihcoAoGCCqGSM49
            AwEHoUQDQgAE928c7sWqcThVumIC/fl8JVyDeWJ0v9Tc+oBhlyY+lKwAQnq1mtm6
            ltw3Oohe/vhrfoVMoNS0M+ydWVkcwXC4xA==
            -----END EC PRIVATE KEY-----

            """
    )

    /// A client's, signed by an authority that nobody is told of.
    public static let impostor = Pair(
        certificate: """
            -----BEGIN CERTIFICATE-----
            MIIBkjCCATigAwIBAgIUVuzXNtDCEk0Owx+lFXq3JwEf1X8wCgYIKoZIzj0EAwIw
            EzERMA8GA1UEAwwIU3RyYW5nZXIwIBcNMjUwMTAxMDAwMDAwWhgPMjEyNTAxMDIw
            MDAwMDBaMBYxFDASBgNVBAMMC3Rlc3QgY2xpZW50MFkwEwYHKoZIzj0CAQYIKoZI
            zj0DAQcDQgAEx1ZZUl/qW7ttegUy1CKOzQw9/p9AIj+pa9yZtvz87xu82DMUL868
            QE1rgfpZXP+mUuDlCmxpPio+OBzJNweVKaNlMGMwDAYDVR0TAQH/BAIwADATBgNV
            HSUEDDAKBggrBgEFBQcDAjAdBgNVHQ4EFgQUSlF17VtvVWYiJlQ4YnGvdoC2cLww
            HwYDVR0jBBgwFoAUaC+UdgSa+DJKsTCEjDD1VOdMrc0wCgYIKoZIzj0EAwIDSAAw
            RQIhANNzM1FLdU75lY8B4DJHXB3KihQT4mL1aMo039+lUPAHAiAg4Eq2LbRZ0Uix
            2kKPA7T1FmonpBSwAjLUrO++zk8ceQ==
            -----END CERTIFICATE-----

            """,
        key: """
            -----BEGIN EC PRIVATE KEY-----
            MHcCAQEEIPEg4jgfz+6b3m5AVw5Ob46UDZnAoLvKGj0LQYPGxMShoAoGCCqGSM49
            AwEHoUQDQgAEx1ZZUl/qW7ttegUy1CKOzQw9/p9AIj+pa9yZtvz87xu82DMUL868
            QE1rgfpZXP+mUuDlCmxpPio+OBzJNweVKQ==
            -----END EC PRIVATE KEY-----

            """
    )
}
