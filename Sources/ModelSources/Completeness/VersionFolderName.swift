/// The version number a folder's name stands for.
package enum VersionFolderName {
    /// The whole name as a decimal 64-bit number; leading zeros, a sign and blanks around it are tolerated, as
    /// TensorFlow Serving does (`absl::SimpleAtoi`). `nil` for every other name.
    package static func version(_ name: String) -> Int64? {
        var digits = Substring(name).utf8
        while let first = digits.first, isBlank(first) { digits = digits.dropFirst() }
        while let last = digits.last, isBlank(last) { digits = digits.dropLast() }
        return Int64(Substring(digits))
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
}
