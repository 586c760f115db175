/// Snappy's compressed form, which has no checksum of its own.
///
/// Format: https://github.com/google/snappy/blob/main/format_description.txt
package enum Snappy {
    /// What is wrong with compressed bytes.
    package struct Malformed: Error, Hashable {
        package let reason: String
    }

    /// The two low bits of the byte that each element begins with.
    enum Element {
        static let literal: UInt8 = 0
        static let copyWithOneByteOffset: UInt8 = 1
        static let copyWithTwoByteOffset: UInt8 = 2
        static let copyWithFourByteOffset: UInt8 = 3
    }
}
