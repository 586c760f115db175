package import ServingPrimitives

/// The `grpc-timeout` request header: one to eight digits and a unit (gRPC over HTTP/2, "Timeout").
package enum GRPCTimeout {
    private static let maximumDigits = 8

    /// Nanoseconds of a header value.
    ///
    /// - Throws: `INTERNAL`, as gRPC core answers, for anything else than the form above.
    package static func nanoseconds(_ value: String) throws(ServingError) -> UInt64 {
        let bytes = value.utf8
        guard let last = bytes.last, let unit = nanosecondsPerUnit(last), (2...maximumDigits + 1).contains(bytes.count)
        else { throw malformed(value) }
        var number: UInt64 = 0
        for byte in bytes.dropLast() {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { throw malformed(value) }
            number = number * 10 + UInt64(byte - UInt8(ascii: "0"))
        }
        // At most 8 digits of hours are 3.6e20 ns, which does not fit: such a span is as good as no deadline.
        let (product, overflow) = number.multipliedReportingOverflow(by: unit)
        return overflow ? .max : product
    }

    private static func nanosecondsPerUnit(_ unit: UInt8) -> UInt64? {
        switch unit {
        case UInt8(ascii: "H"): 3_600_000_000_000
        case UInt8(ascii: "M"): 60_000_000_000
        case UInt8(ascii: "S"): 1_000_000_000
        case UInt8(ascii: "m"): 1_000_000
        case UInt8(ascii: "u"): 1_000
        case UInt8(ascii: "n"): 1
        default: nil
        }
    }

    private static func malformed(_ value: String) -> ServingError {
        .internalError(
            "Error parsing 'grpc-timeout' metadata: expected one to eight digits and a unit of H, M, S, m, u or n, "
                + "got \"\(value)\""
        )
    }
}
