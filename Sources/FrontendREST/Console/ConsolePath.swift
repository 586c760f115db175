import ServingPrimitives

/// What of the console a request asks for.
enum ConsolePath: Hashable {
    /// The page itself.
    case page
    /// Its script, style or icon.
    case file(String)
    /// The parts of the page that tell states.
    case states
    /// What the server is and what of it the console can use.
    case about
    /// Samples from a number on, of all traffic or that of a model.
    case samples(since: Int, model: String?)
    case scheduler(model: String)
    /// Something of the console with a query that cannot be read.
    case unusable(ServingError)
}

extension ConsolePath {
    /// `nil` for every path that is not the console's.
    init?(_ target: [UInt8]) {
        // Nearly every request ends here.
        guard target.count == 1 || (target.count > 1 && Self.mayBeConsole(target)) else { return nil }
        let parts = target.split(separator: UInt8(ascii: "?"), maxSplits: 1, omittingEmptySubsequences: false)
        let query = parts.count > 1 ? Query(parts[1]) : Query([])
        switch String(decoding: parts[0], as: UTF8.self) {
        case "/", "/console": self = .page
        case "/console/states": self = .states
        case "/console/about": self = .about
        case "/console/samples": self = Self.samples(query)
        case "/console/scheduler":
            self =
                query["model"].map { .scheduler(model: $0) }
                ?? .unusable(.invalidArgument("Expected /console/scheduler?model=NAME"))
        case let path:
            guard path.hasPrefix("/console/") else { return nil }
            self = .file(String(path.dropFirst("/console/".count)))
        }
    }

    private static func mayBeConsole(_ target: [UInt8]) -> Bool {
        target[0] == UInt8(ascii: "/") && (target[1] == UInt8(ascii: "?") || target.starts(with: "/console".utf8))
    }

    private static func samples(_ query: Query) -> ConsolePath {
        let text = query["since"] ?? "0"
        guard let number = Int(text), number >= 0 else {
            return .unusable(.invalidArgument("since is \"\(text)\"; expected the number of a sample, 0 or more"))
        }
        return .samples(since: number, model: query["model"])
    }
}

/// `name=value&...` behind a path.
private struct Query {
    private var values: [String: String] = [:]

    init(_ text: ArraySlice<UInt8>) {
        for pair in text.split(separator: UInt8(ascii: "&")) {
            let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            let value = parts.count > 1 ? PercentCode.decoded(parts[1]) : ""
            values[PercentCode.decoded(parts[0])] = value
        }
    }

    subscript(name: String) -> String? { values[name] }
}
