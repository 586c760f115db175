/// Looks how many rows a serialized `tensorflow.serving.PredictResponse` has, without decoding its tensors.
package enum PredictResponseRows {
    package enum Count: Sendable, Equatable {
        /// The first dimension of the first output; `nil` when that is a scalar or there is none.
        case rows(Int?)
        /// The message is not well-formed as far as it was read.
        case malformed
    }

    package static func count(in message: UnsafeRawBufferPointer) -> Count {
        do throws(WireError) { return .rows(try firstDimension(message)) } catch { return .malformed }
    }

    private static func firstDimension(_ message: UnsafeRawBufferPointer) throws(WireError) -> Int? {
        var reader = WireReader(message)
        while !reader.isAtEnd {
            let tag = try reader.tag()
            guard case .bytes(1) = tag else {
                try reader.skip(tag)
                continue
            }
            return try entry(reader.payload())
        }
        return nil
    }

    /// An entry of the map `outputs`: its value (2) is the tensor.
    private static func entry(_ bytes: UnsafeRawBufferPointer) throws(WireError) -> Int? {
        guard let tensor = try field(2, of: bytes), let shape = try field(TensorField.shape, of: tensor),
            let dimension = try field(2, of: shape)
        else { return nil }
        var reader = WireReader(dimension)
        while !reader.isAtEnd {
            let tag = try reader.tag()
            if case .varint(1) = tag { return Int(clamping: Int64(bitPattern: try reader.varint())) }
            try reader.skip(tag)
        }
        // proto3 leaves zeros out.
        return 0
    }

    /// The first field of that number that has bytes.
    private static func field(
        _ number: UInt32,
        of message: UnsafeRawBufferPointer
    ) throws(WireError) -> UnsafeRawBufferPointer? {
        var reader = WireReader(message)
        while !reader.isAtEnd {
            let tag = try reader.tag()
            if tag == .bytes(number) { return try reader.payload() }
            try reader.skip(tag)
        }
        return nil
    }
}
