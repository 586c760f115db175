/// Text in HTML and SVG.
package enum Markup {
    /// Also for attributes in double quotes.
    ///
    /// - Parameter substitute: stands where letters were that have no place there: controls but line ends, and what XML
    ///   does not know.
    package static func escaped(_ text: String, substitute: Character = " ") -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "\n": result += "\n"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F || (0xFFFE...0xFFFF).contains(scalar.value):
                result.append(substitute)
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
