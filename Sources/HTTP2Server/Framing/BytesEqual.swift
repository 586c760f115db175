import Glibc

extension UnsafeRawBufferPointer {
    /// Compares by memcmp: a loop over elements costs ten times as much.
    @inline(__always)
    func equals(_ other: UnsafeRawBufferPointer) -> Bool {
        guard count == other.count else { return false }
        guard let start = baseAddress, let otherStart = other.baseAddress else { return true }
        return memcmp(start, otherStart, count) == 0
    }

    @inline(__always)
    func equals(_ text: StaticString) -> Bool {
        equals(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    @inline(__always)
    func equals(_ bytes: [UInt8]) -> Bool { bytes.withUnsafeBytes { equals($0) } }
}
