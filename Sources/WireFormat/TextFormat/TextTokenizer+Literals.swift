/// Numbers and strings.
extension TextTokenizer {
    /// The rest of a number after its first digit.
    mutating func number(startsWithZero: Bool) -> TextToken.Kind {
        if startsWithZero, take({ $0 | 0x20 == UInt8(ascii: "x") }) {
            if take(\.isHexDigit) {
                takeAll(\.isHexDigit)
            } else {
                reportHere("\"0x\" must be followed by hex digits.")
            }
            return end(isFloat: false)
        }
        if startsWithZero, let byte, byte.isDigit {
            takeAll(\.isOctalDigit)
            if let byte = self.byte, byte.isDigit {
                reportHere("Numbers starting with leading zero must be in octal.")
                takeAll(\.isDigit)
            }
            return end(isFloat: false)
        }
        return decimal(isFloat: false)
    }

    /// The rest of a decimal number after its first digit or, where `isFloat`, after its point.
    mutating func decimal(isFloat: Bool) -> TextToken.Kind {
        var isFloat = isFloat
        takeAll(\.isDigit)
        if !isFloat, take(".") {
            isFloat = true
            takeAll(\.isDigit)
        }
        if take({ $0 | 0x20 == UInt8(ascii: "e") }) {
            isFloat = true
            _ = take("-") || take("+")
            if take(\.isDigit) {
                takeAll(\.isDigit)
            } else {
                reportHere("\"e\" must be followed by exponent.")
            }
        }
        if take({ $0 | 0x20 == UInt8(ascii: "f") }) { isFloat = true }
        return end(isFloat: isFloat)
    }

    /// What may not follow a number.
    private mutating func end(isFloat: Bool) -> TextToken.Kind {
        if let byte, byte.isLetter {
            reportHere("Need space between number and identifier.")
        } else if byte == UInt8(ascii: ".") {
            reportHere(
                isFloat
                    ? "Already saw decimal point or exponent; can't have another one."
                    : "Hex and octal numbers must be integers."
            )
        }
        return isFloat ? .float : .integer
    }

    /// The rest of a string after its opening quote.
    mutating func string(endingWith quote: UInt8) {
        while let byte {
            switch byte {
            case 0: return reportHere("Unexpected end of string.")
            case UInt8(ascii: "\n"):
                return reportHere("Multiline strings are not allowed. Did you miss a \"?.")
            case UInt8(ascii: "\\"):
                advance()
                escape()
            case quote: return advance()
            default: advance()
            }
        }
        reportHere("Unexpected end of string.")
    }

    /// Checks an escape sequence after its backslash. Digits that may follow are left to the caller: they are
    /// characters like others here.
    private mutating func escape() {
        if take({ "abfnrtv\\?'\"".utf8.contains($0) }) || take(\.isOctalDigit) { return }
        if take({ $0 | 0x20 == UInt8(ascii: "x") }) {
            if !take(\.isHexDigit) { reportHere("Expected hex digits for escape sequence.") }
        } else if take("u") {
            if !takeHexDigits(4) { reportHere("Expected four hex digits for \\u escape sequence.") }
        } else if take("U") {
            // Only the range up to 10ffff is legal.
            let isStarted = take("0") && take("0") && (take("0") || take("1"))
            if !isStarted || !takeHexDigits(5) {
                reportHere("Expected eight hex digits up to 10ffff for \\U escape sequence")
            }
        } else {
            reportHere("Invalid escape sequence in string literal.")
        }
    }

    private mutating func takeHexDigits(_ count: Int) -> Bool {
        for _ in 0..<count where !take(\.isHexDigit) { return false }
        return true
    }
}
