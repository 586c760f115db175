import ServingPrimitives

/// Bodies that say what went wrong.
enum ErrorAnswer {
    /// As TensorFlow Serving answers everything under `/v1/`.
    static func json(_ message: String) -> [UInt8] {
        var text = Array("{\n    \"error\": ".utf8)
        JSONText.appendQuoted(message.utf8, to: &text)
        text += "\n}".utf8
        return text
    }

    /// For paths that are not ours.
    static func html(_ status: HTTPStatus) -> [UInt8] {
        Array(
            """
            <!DOCTYPE html>
            <html><head><title>\(status.code) \(status.reason)</title></head>
            <body><h1>\(status.reason)</h1></body></html>

            """.utf8
        )
    }
}
