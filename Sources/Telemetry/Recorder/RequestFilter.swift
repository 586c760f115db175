public import ServingPrimitives

/// Which recorded requests are asked for: `model=M&status=UNAVAILABLE&kept=slow&limit=20`.
public struct RequestFilter: Sendable, Hashable {
    public enum Kept: String, Sendable, Hashable, CaseIterable {
        case slow
        case failed
    }

    public static let largestLimit = 10_000

    public var model: String?
    public var status: CanonicalCode?
    public var api: RequestAPI?
    public var kept: Kept?
    public var limit = 100

    public init() {}

    /// - Parameter query: what a URL has behind its `?`, percent-coded.
    /// - Throws: `INVALID_ARGUMENT`: which part is wrong and what was expected.
    public init(query: some Collection<UInt8>) throws(ServingError) {
        for part in query.split(separator: UInt8(ascii: "&")) {
            let pair = part.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            let value = pair.count == 2 ? PercentCode.decoded(Array(pair[1])[...], plusIsBlank: true) : ""
            try set(String(decoding: pair[0], as: UTF8.self), to: value)
        }
    }

    private mutating func set(_ name: String, to value: String) throws(ServingError) {
        switch name {
        case "model": model = value
        case "status":
            status = try Self.one(of: CanonicalCode.allCases, \.name, name, value)
        case "api":
            api = try Self.one(of: RequestAPI.allCases, \.rawValue, name, value)
        case "kept":
            kept = try Self.one(of: Kept.allCases, \.rawValue, name, value)
        case "limit":
            guard let number = Int(value), (1...Self.largestLimit).contains(number) else {
                throw .invalidArgument("limit is \"\(value)\"; expected a number from 1 to \(Self.largestLimit)")
            }
            limit = number
        default:
            throw .invalidArgument("unknown parameter \"\(name)\"; there are model, status, api, kept and limit")
        }
    }

    private static func one<Value>(
        of all: [Value],
        _ text: (Value) -> String,
        _ name: String,
        _ value: String
    ) throws(ServingError) -> Value {
        guard let found = all.first(where: { text($0).lowercased() == value.lowercased() }) else {
            throw .invalidArgument(
                "\(name) is \"\(value)\"; expected one of \(all.map(text).joined(separator: ", "))"
            )
        }
        return found
    }

    func matches(_ request: RecordedRequest) -> Bool {
        if let model, request.record.model != model { return false }
        if let status, request.record.code != status { return false }
        if let api, request.record.api != api { return false }
        switch kept {
        case .slow: return request.slow
        case .failed: return request.failed
        case nil: return true
        }
    }
}
