import HTTP2Server

/// The header block of one route on one connection: encoded until it has settled, then the same bytes for every call.
struct RouteHeaders {
    private var block: [UInt8] = []
    /// The encoder's entries for which `block` holds; -1 while it is none to keep.
    private var entryCount = -1
    private var encodings = 0

    mutating func withBlock(
        _ fields: [HTTP2HeaderField],
        _ encoder: inout HPACKEncoder,
        _ body: (UnsafeRawBufferPointer) -> Void
    ) {
        if entryCount != encoder.entryCount { encode(fields, &encoder) }
        block.withUnsafeBytes(body)
    }

    /// The encoder indexes a field when it comes for the second time: the third block is the one that stays.
    private mutating func encode(_ fields: [HTTP2HeaderField], _ encoder: inout HPACKEncoder) {
        let before = encoder.entryCount
        block = [UInt8](unsafeUninitializedCapacity: HPACKEncoder.bound(fields)) { target, count in
            count = encoder.encode(status: nil, fields, to: UnsafeMutableRawBufferPointer(target))
        }
        encodings += 1
        entryCount = encodings > 2 && encoder.entryCount == before ? before : -1
    }
}
