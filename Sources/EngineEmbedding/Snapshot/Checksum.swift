import CEmbedding
import ServingPrimitives

/// CRC-32C by the processor's instruction where it has one: snapshots are many gigabytes.
package enum Checksum {
    package static func of(_ bytes: UnsafeRawBufferPointer, continuing earlier: UInt32 = 0) -> UInt32 {
        guard let start = bytes.baseAddress else { return earlier }
        return cembedding_has_crc32c()
            ? cembedding_crc32c(start, bytes.count, earlier) : CRC32C.checksum(bytes, continuing: earlier)
    }
}
