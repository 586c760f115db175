import Telemetry

/// What fuzz-trace-parent does with an input, and the tests with its corpus: reads it as a `traceparent` field. It must be
/// read exactly when a slower reading of the definition finds one, and as the same.
package enum TraceParentExercise {
    package static func run(_ input: UnsafeRawBufferPointer) {
        if let fault = fault(in: Array(input)) { fatalError(fault) }
    }

    /// `nil` when all is well.
    package static func fault(in bytes: [UInt8]) -> String? {
        let (found, expected) = (TraceParent(bytes), reference(bytes))
        return found == expected ? nil : "read \(String(describing: found)), not \(String(describing: expected))"
    }

    /// Field by field, as the definition has it.
    private static func reference(_ bytes: [UInt8]) -> TraceParent? {
        let fields = bytes.split(separator: UInt8(ascii: "-"), maxSplits: 4, omittingEmptySubsequences: false)
        guard fields.count >= 4, zip(fields, [2, 32, 16, 2]).allSatisfy({ $0.count == $1 }) else { return nil }
        let numbers = fields[..<4].map { field in
            field.reduce(into: UInt128?.some(0)) { number, byte in
                guard let digit = "0123456789abcdef".utf8.enumerated().first(where: { $1 == byte })?.offset else {
                    number = nil
                    return
                }
                number = number.map { $0 << 4 | UInt128(digit) }
            }
        }
        guard let version = numbers[0], version < 255, version > 0 || fields.count == 4, let trace = numbers[1],
            trace > 0, let span = numbers[2], span > 0, let flags = numbers[3]
        else { return nil }
        return TraceParent(
            traceHigh: UInt64(trace >> 64),
            traceLow: UInt64(truncatingIfNeeded: trace),
            spanID: UInt64(span),
            isSampled: flags % 2 == 1
        )
    }
}
