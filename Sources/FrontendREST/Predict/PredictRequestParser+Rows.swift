import EngineInterface
import ServingPrimitives

// The row form: `"instances": [row, row, ...]`.
extension PredictRequestParser {
    /// Reads the value of `instances`; the cursor ends behind it.
    mutating func readRows(_ parameters: [Signature.Parameter]) throws(JSONSyntaxError) -> Fault? {
        guard scanner.peek() == UInt8(ascii: "[") else {
            try scanner.skipValue()
            return .document("Expecting 'instances' to be an list/array")
        }
        let place = scanner.cursor
        guard scanner.openContainer(closing: UInt8(ascii: "]")) else {
            return .document("No values in 'instances' array")
        }
        guard parameters.count == 1 || scanner.peek() == UInt8(ascii: "{") else {
            scanner.cursor = place
            try scanner.skipValue()
            return .error(
                .invalidArgument(
                    "instances is a plain list, but expecting list of objects as multiple input tensors required "
                        + "as per tensorinfo_map"
                )
            )
        }
        inputs = accumulators(for: parameters)
        guard !isAtNamedRow else { return try readNamedRows() }
        let first = scanner.cursor
        scanner.cursor = place
        guard !inputs[0].readRows(&scanner) else { return nil }
        scanner.cursor = first
        return try readPlainRows()
    }

    func accumulators(for parameters: [Signature.Parameter]) -> [TensorAccumulator] {
        let remaining = scanner.end - scanner.cursor
        return parameters.map {
            TensorAccumulator($0, remainingBytes: remaining, inputCount: parameters.count)
        }
    }

    /// Whether the row at the cursor is an object of named inputs; a base64 object is a value.
    private var isAtNamedRow: Bool { scanner.peek() == UInt8(ascii: "{") && scanner.base64Object() == nil }

    /// Rows that are values or lists of the only input.
    private mutating func readPlainRows() throws(JSONSyntaxError) -> Fault? {
        let input = inputs[0]
        repeat {
            let fault: ServingError?
            if isAtNamedRow {
                try scanner.skipValue()
                return try endRows(
                    .invalidArgument(
                        "Expecting value/list but got object at item \(input.itemCount) of input list"
                    )
                )
            } else if input.itemsAreScalars, scanner.peek() != UInt8(ascii: "[") {
                fault = try input.readScalarItems(&scanner)
            } else {
                fault = try input.readItem(&scanner)
            }
            if let fault {
                return try endRows(
                    .invalidArgument(
                        "Failed to process element: \(input.itemCount) of 'instances' list. Error: \(fault)"
                    )
                )
            }
        } while try scanner.hasNextElement()
        return nil
    }

    /// Rows that are objects with all inputs.
    private mutating func readNamedRows() throws(JSONSyntaxError) -> Fault? {
        var row = 0
        repeat {
            guard isAtNamedRow else {
                try scanner.skipValue()
                return try endRows(.invalidArgument("Expecting object but got list at item \(row) of input list"))
            }
            if let fault = try readNamedRow(row) { return try endRows(fault) }
            row += 1
        } while try scanner.hasNextElement()
        return nil
    }

    private mutating func readNamedRow(_ row: Int) throws(JSONSyntaxError) -> ServingError? {
        let start = scanner
        var found = 0
        if scanner.openContainer(closing: UInt8(ascii: "}")) {
            var expected = 0
            repeat {
                let name = try scanner.memberName()
                guard let index = inputIndex(name, guess: expected) else {
                    try scanner.skipValue()
                    try scanner.skipRemainingMembers()
                    return memberError(
                        row,
                        name,
                        .invalidArgument("JSON object: does not have named input: \(name.text)")
                    )
                }
                expected = index + 1
                guard inputs[index].itemCount == row else {
                    // A repeated key: the first one counts.
                    try scanner.skipValue()
                    continue
                }
                if let fault = try inputs[index].readItem(&scanner) {
                    try scanner.skipRemainingMembers()
                    return memberError(row, name, fault)
                }
                found += 1
            } while try scanner.hasNextMember()
        }
        guard found < inputs.count else { return nil }
        return .invalidArgument(
            "Failed to process element: \(row) of 'instances' list. JSON object: "
                + "\(try JSONValuePrinter.print(start)) keys must be equal to: "
                + inputs.map(\.name).joined(separator: ",")
        )
    }

    /// - Parameter guess: where to look first; clients send their keys in the same order in every row.
    func inputIndex(_ name: JSONString, guess: Int) -> Int? {
        if guess < inputs.count, inputs[guess].isNamed(name) { return guess }
        return inputs.firstIndex { $0.isNamed(name) }
    }

    private func memberError(_ row: Int, _ name: JSONString, _ fault: ServingError) -> ServingError {
        .invalidArgument(
            "Failed to process element: \(row) key: \(name.text) of 'instances' list. Error: \(fault)"
        )
    }

    /// Behind a faulty row: steps over the others.
    private mutating func endRows(_ fault: ServingError) throws(JSONSyntaxError) -> Fault {
        _ = try scanner.skipRemainingElements()
        return .error(fault)
    }
}

extension TensorAccumulator {
    func isNamed(_ name: JSONString) -> Bool {
        self.name.utf8.withContiguousStorageIfAvailable(name.equals) ?? (self.name == name.text)
    }
}
