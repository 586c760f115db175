public import ServingPrimitives

/// A curve as text.
public enum CurveText {
    /// `FIXED+PER_ROW` in milliseconds, such as `2+0.1`.
    ///
    /// - Throws: `INVALID_ARGUMENT` when it is not that.
    public static func line(_ text: String) throws(ServingError) -> SimulatedCurve {
        let parts = text.split(separator: "+", omittingEmptySubsequences: false).map { Double($0) }
        guard parts.count == 2, let fixed = parts[0], let perRow = parts[1], fixed >= 0, perRow >= 0,
            fixed + perRow > 0, fixed + perRow < 1e7
        else { throw .invalidArgument("A curve is FIXED+PER_ROW in milliseconds, such as 2+0.1; not \(text)") }
        return SimulatedCurve(fixed: fixed * 1e6, perRow: perRow * 1e6)
    }

    /// The points of the first curve of `GET /v1/models/NAME/scheduler`: objects with "rows" and "microseconds" in a list
    /// "points".
    ///
    /// - Throws: `INVALID_ARGUMENT` when there are none.
    public static func scheduler(_ json: String) throws(ServingError) -> SimulatedCurve {
        var scanner = Scanner(json)
        var points: [SimulatedCurve.Point] = []
        if scanner.skip(past: "\"points\"") {
            while scanner.skip(past: "{", before: "]"), let rows = scanner.number(of: "\"rows\""),
                let time = scanner.number(of: "\"microseconds\"")
            {
                points.append(SimulatedCurve.Point(rows: rows, nanoseconds: time * 1000))
            }
        }
        guard let curve = SimulatedCurve(points: points) else {
            throw .invalidArgument(
                "No curve found: expected the JSON of GET /v1/models/NAME/scheduler, with \"points\" that have \"rows\" and "
                    + "\"microseconds\""
            )
        }
        return curve
    }

    /// Finds what it is told to in text that was written by a server.
    private struct Scanner {
        private let bytes: [UInt8]
        private var position = 0

        init(_ text: String) { bytes = Array(text.utf8) }

        /// Whether `word` comes, and does so before `end`; the position is behind it then.
        mutating func skip(past word: String, before end: Character? = nil) -> Bool {
            let word = Array(word.utf8)
            let end = end?.asciiValue
            var index = position
            while index + word.count <= bytes.count {
                if bytes[index..<index + word.count].elementsEqual(word) {
                    position = index + word.count
                    return true
                }
                if bytes[index] == end { return false }
                index += 1
            }
            return false
        }

        /// The number of a member of the object that the position is in.
        func number(of key: String) -> Double? {
            var inner = self
            guard inner.skip(past: key, before: "}"), inner.skip(past: ":", before: "}") else { return nil }
            let digits = inner.bytes[inner.position...].drop { $0 == 0x20 || $0 == 0x0A }
                .prefix { (0x30...0x39).contains($0) || $0 == 0x2E || $0 == 0x65 || $0 == 0x2B || $0 == 0x2D }
            return Double(String(decoding: digits, as: UTF8.self))
        }
    }
}
