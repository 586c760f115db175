import ServingPrimitives

/// Why bytes are not a protobuf message, and where.
struct WireError: Error, Sendable {
    enum Reason: Sendable {
        case truncated
        case overlongVarint
        case invalidTag
        case lengthBeyondEnd
        case unbalancedGroup
        case nestingTooDeep
        case packedByteCount
        case packedVarints
        case invalidUTF8
        case tooManyNames
    }

    let reason: Reason
    /// Address of the byte where reading stopped; an integer because errors are `Sendable`.
    private let address: UInt

    init(_ reason: Reason, at position: UnsafeRawPointer) {
        self.reason = reason
        self.address = UInt(bitPattern: position)
    }

    /// The error a client is answered with.
    /// - Parameter message: the bytes that were read, whose start byte numbers count from.
    func servingError(_ name: String, in message: UnsafeRawBufferPointer) -> ServingError {
        let offset = address &- UInt(bitPattern: message.baseAddress)
        return .invalidArgument("Malformed \(name) at byte \(offset): \(explanation)")
    }

    private var explanation: String {
        switch reason {
        case .truncated: "the message ends inside a field"
        case .overlongVarint: "a varint goes on after 10 bytes, the most it may have"
        case .invalidTag:
            "not a field tag; expected a field number from 1 to 536870911 and wire type 0, 1, 2, 3 or 5"
        case .lengthBeyondEnd: "a length reaches beyond the end of the message it is in"
        case .unbalancedGroup: "the start and the end of a group do not match"
        case .nestingTooDeep: "groups are nested more than \(WireReader.maximumGroupDepth) deep"
        case .packedByteCount: "the length of packed values is not a multiple of the size of one"
        case .packedVarints: "packed values do not end with a whole varint of at most 10 bytes each"
        case .invalidUTF8: "a string is not valid UTF-8"
        case .tooManyNames: "more than \(PredictRequestDecoder.maximumNames) inputs, names in output_filter or tasks"
        }
    }
}
