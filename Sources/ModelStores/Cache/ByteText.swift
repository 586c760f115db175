/// Numbers of bytes for people.
enum ByteText {
    /// `512 bytes`, `1.5 MB`.
    static func of(_ bytes: Int64) -> String {
        for (unit, size) in [("GB", 1e9), ("MB", 1e6), ("kB", 1e3)] where Double(bytes) >= size {
            let tenths = (Double(bytes) / size * 10).rounded()
            return "\(tenths / 10) \(unit)"
        }
        return "\(bytes) bytes"
    }
}
