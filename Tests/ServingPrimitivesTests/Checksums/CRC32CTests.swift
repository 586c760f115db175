import Testing

@testable import ServingPrimitives

@Suite struct CRC32CTests {
    @Test func `the processor's instruction and tables give the same`() {
        let bytes = (0..<100).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) }
        for start in 0..<9 {
            for end in start...bytes.count {
                bytes[start..<end].withUnsafeBytes { part in
                    #expect(CRC32C.checksum(part) == CRC32C.tabled(part))
                    #expect(
                        CRC32C.checksum(part, continuing: 0x1234_5678) == CRC32C.tabled(part, continuing: 0x1234_5678)
                    )
                }
            }
        }
    }
}
