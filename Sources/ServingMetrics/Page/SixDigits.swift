#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A number with up to six significant digits, as C's `%g` writes it: `10`, `58.32`, `1.47476e+09`.
func sixDigits(_ value: Double) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 32) { buffer in
        let count = withVaList([value]) { vsnprintf(buffer.baseAddress, buffer.count, "%.6g", $0) }
        // The longest is "-1.23457e-308".
        return String(decoding: buffer.prefix(Int(count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
