extension PredictRequestDecoder {
    /// Payloads smaller than this are copied for less than a new buffer costs.
    static let largePayload = 4096

    /// Where in a serialized request the first large tensor payload starts, read from its first bytes; `nil` when they
    /// do not tell. Lets a receive buffer be laid out so that the payload is aligned for the engine.
    ///
    /// Only payloads that become views count: `tensor_content` and the packed fields of fixed width.
    public static func payloadOffset(inPrefix prefix: UnsafeRawBufferPointer) -> Int? {
        guard let start = prefix.baseAddress,
            let payload = PayloadSearch(tensors: 2, minimum: largePayload).first(in: prefix)
        else { return nil }
        return payload - start
    }
}

/// Walks down message > entry of the map of tensors > TensorProto. The messages may go on beyond the bytes at hand.
struct PayloadSearch {
    /// Number of the message's field that is the map.
    var tensors: UInt32
    /// Payloads of fewer bytes do not count.
    var minimum: Int

    func first(in bytes: UnsafeRawBufferPointer) -> UnsafeRawPointer? {
        firstPayload(in: bytes) { tag, _, payload in
            switch tag {
            case .bytes(tensors): inEntry(payload)
            default: nil
            }
        }
    }

    private func inEntry(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawPointer? {
        firstPayload(in: bytes) { tag, _, payload in
            switch tag {
            case .bytes(2): inTensor(payload)
            default: nil
            }
        }
    }

    private func inTensor(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawPointer? {
        firstPayload(in: bytes) { tag, length, payload in
            switch tag {
            case .bytes(TensorField.content), .bytes(TensorField.float), .bytes(TensorField.double),
                .bytes(TensorField.complex64), .bytes(TensorField.complex128):
                length >= minimum ? payload.baseAddress : nil
            default: nil
            }
        }
    }

    /// Calls `look` with each length-delimited field, its full length and as many of its bytes as there are, until it
    /// finds something or the bytes are at their end.
    private func firstPayload(
        in bytes: UnsafeRawBufferPointer,
        _ look: (WireTag, Int, UnsafeRawBufferPointer) -> UnsafeRawPointer?
    ) -> UnsafeRawPointer? {
        var reader = WireReader(bytes)
        do throws(WireError) {
            while !reader.isAtEnd {
                let tag = try reader.tag()
                guard tag.type == .lengthDelimited else {
                    try reader.skip(tag)
                    continue
                }
                let (length, payload) = try reader.partialPayload()
                if let found = look(tag, length, payload) { return found }
            }
        } catch {
            // The prefix ends inside a field, or is malformed, which the decoder will say.
        }
        return nil
    }
}
