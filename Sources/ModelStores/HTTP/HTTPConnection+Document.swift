import ServingPrimitives

extension HTTPConnection {
    /// The limits of a request whose answer is small: a listing, or credentials.
    private static let documentLimits = Limits(totalMilliseconds: 60_000)
    /// More than a page of a thousand objects with the longest names has.
    static let maximumDocumentBytes = 16 << 20

    /// Makes a request and returns its whole answer, whatever its status. Blocks.
    ///
    /// - Throws: `UNAVAILABLE` when no answer came; `RESOURCE_EXHAUSTED` when it is too long.
    func document(
        _ request: HTTPRequest,
        limit: Int = maximumDocumentBytes,
        limits: Limits? = nil
    ) throws(ServingError) -> (head: HTTPResponseHead, body: [UInt8]) {
        var body: [UInt8] = []
        var isTooLong = false
        let head: HTTPResponseHead
        do throws(Failure) {
            head = try perform(request, limits: limits ?? Self.documentLimits) { _, part in
                isTooLong = body.count + part.count > limit
                if !isTooLong { body += part }
                return !isTooLong
            }
        } catch {
            throw .unavailable("\(request.location): \(error.message)")
        }
        if isTooLong {
            throw ServingError(
                .resourceExhausted,
                "\(request.location) answers with more than \(limit) bytes, which is no listing"
            )
        }
        return (head, body)
    }
}

extension HTTPRequest {
    /// The URL without its query, for people to read: a query may hold secrets.
    var location: String { url.split(separator: "?", maxSplits: 1).first.map(String.init) ?? url }
}

extension ServingError {
    /// What a status says that is not a success.
    ///
    /// - Parameter detail: what the store itself says of it.
    static func refused(_ head: HTTPResponseHead, _ what: String, detail: String? = nil) -> ServingError {
        let text = "\(what): the store answers \(head.status)\(detail.map { ": \($0.prefix(300))" } ?? "")"
        switch head.status {
        case 401: return ServingError(.unauthenticated, text)
        case 403: return ServingError(.permissionDenied, text)
        case 404, 410: return .notFound(text)
        case 412: return ServingError(.aborted, "\(what) has changed while it was fetched")
        case 408, 425, 429, 500...599: return .unavailable(text)
        default: return .failedPrecondition(text)
        }
    }
}
