/// A header block that cannot be decoded; the connection ends with COMPRESSION_ERROR.
package struct HPACKError: Error {
    package let reason: StaticString
}
