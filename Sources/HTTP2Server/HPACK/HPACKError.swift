/// A header block that cannot be decoded; the connection ends with COMPRESSION_ERROR.
struct HPACKError: Error {
    let reason: StaticString
}
