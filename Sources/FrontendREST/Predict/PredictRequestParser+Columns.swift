import EngineInterface
import ServingPrimitives

// The columnar form: `"inputs": tensor` or `"inputs": {"name": tensor, ...}`.
extension PredictRequestParser {
    /// Reads the value of `inputs`; the cursor ends behind it.
    mutating func readColumns(_ parameters: [Signature.Parameter]) throws(JSONSyntaxError) -> Fault? {
        let isNamed = scanner.peek() == UInt8(ascii: "{") && scanner.base64Object() == nil
        guard isNamed || parameters.count == 1 else {
            try scanner.skipValue()
            return .error(
                .invalidArgument(
                    "inputs is a plain value/list, but expecting an object as multiple input tensors required "
                        + "as per tensorinfo_map"
                )
            )
        }
        inputs = accumulators(for: parameters)
        guard isNamed else { return try inputs[0].readItem(&scanner).map { .error($0) } }
        return try readNamedColumns()
    }

    /// Faults are reported in the order of the signature's inputs, not in that of the document.
    private mutating func readNamedColumns() throws(JSONSyntaxError) -> Fault? {
        var faults: [ServingError?] = inputs.map {
            .invalidArgument("Missing named input: \($0.name) in 'inputs' object.")
        }
        var isRead = [Bool](repeating: false, count: inputs.count)
        if scanner.openContainer(closing: UInt8(ascii: "}")) {
            var expected = 0
            repeat {
                let name = try scanner.memberName()
                guard let index = inputIndex(name, guess: expected), !isRead[index] else {
                    // Not an input, or a repeated key: the first one counts.
                    try scanner.skipValue()
                    continue
                }
                expected = index + 1
                isRead[index] = true
                faults[index] = try inputs[index].readItem(&scanner)
            } while try scanner.hasNextMember()
        }
        return faults.lazy.compactMap { $0 }.first.map { .error($0) }
    }
}
