import HTTPClient

extension PreparedRequest {
    /// A unary gRPC call.
    ///
    /// - Parameter message: the serialized message, without the five bytes before it.
    static func grpc(
        path: String,
        message: [UInt8],
        to address: ServerAddress,
        _ fields: RequestFields,
        route: Int = 0,
        check: AnswerCheck = .status
    ) -> PreparedRequest {
        let prefix = withUnsafeBytes(of: UInt32(truncatingIfNeeded: message.count).bigEndian) { [0] + Array($0) }
        return grpc(path: path, framed: prefix + message, to: address, fields, route: route, check: check)
    }

    /// - Parameter framed: messages with the five bytes before each.
    static func grpc(
        path: String,
        framed: [UInt8],
        to address: ServerAddress,
        _ fields: RequestFields,
        route: Int = 0,
        check: AnswerCheck = .status
    ) -> PreparedRequest {
        PreparedRequest(
            route: route,
            fields: fields.grpc(path: path, authority: address.authority),
            body: framed,
            http1Head: [],
            check: check
        )
    }

    static func http1(
        method: String = "POST",
        path: String,
        body: [UInt8],
        contentType: String = "application/json",
        to address: ServerAddress,
        _ fields: RequestFields,
        check: AnswerCheck = .status
    ) -> PreparedRequest {
        let head = fields.http1(
            method: method,
            path: path,
            authority: address.authority,
            contentType: contentType,
            bodyCount: body.count
        )
        return PreparedRequest(route: 0, fields: [], body: body, http1Head: head, check: check)
    }
}
