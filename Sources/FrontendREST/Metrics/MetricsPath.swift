/// Where the metrics page is.
struct MetricsPath: Sendable {
    /// Our own path, always there.
    private static let own = Array("/metrics".utf8)
    /// TensorFlow Serving's, where the configuration enables it.
    private let stock: [UInt8]?

    init(stock: String?) { self.stock = stock.map { Array($0.utf8) } }

    enum Match: Hashable {
        case page
        /// TensorFlow Serving's path with a query string, which it refuses.
        case unexpected(String)
    }

    /// Whether a request's target asks for the page; `nil` when it asks for something else.
    func match(_ target: [UInt8]) -> Match? {
        if let stock, Self.path(stock, of: target) {
            guard target.count > stock.count else { return .page }
            return .unexpected(
                "Unexpected path: \(String(decoding: target, as: UTF8.self)). "
                    + "Should be \(String(decoding: stock, as: UTF8.self))"
            )
        }
        return Self.path(Self.own, of: target) ? .page : nil
    }

    /// Whether `path` is all that `target` has in front of a query string.
    private static func path(_ path: [UInt8], of target: [UInt8]) -> Bool {
        guard target.starts(with: path) else { return false }
        return target.count == path.count || target[path.count] == UInt8(ascii: "?")
    }
}
