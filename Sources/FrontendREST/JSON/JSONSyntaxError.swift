/// A fault in the text of a JSON document, where RapidJSON 1.1.0 (the parser of TensorFlow Serving) sees it.
struct JSONSyntaxError: Error, Hashable {
    /// What is wrong; raw values are RapidJSON's own texts.
    enum Reason: String {
        case documentEmpty = "The document is empty."
        case invalidValue = "Invalid value."
        case missingName = "Missing a name for object member."
        case missingColon = "Missing a colon after a name of object member."
        case missingCommaOrBrace = "Missing a comma or '}' after an object member."
        case missingCommaOrBracket = "Missing a comma or ']' after an array element."
        case invalidHexDigit = "Incorrect hex digit after \\u escape in string."
        case invalidSurrogate = "The surrogate pair in string is invalid."
        case invalidEscape = "Invalid escape character in string."
        case missingQuote = "Missing a closing quotation mark in string."
        case numberTooBig = "Number too big to be stored in double."
        case missingFraction = "Miss fraction part in number."
        case missingExponent = "Miss exponent in number."
    }

    var reason: Reason
    /// Bytes from the start of the document.
    var offset: Int
}
