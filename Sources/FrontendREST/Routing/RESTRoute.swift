import Servables
import ServingConfig
import ServingPrimitives

/// What a request's method and target ask for.
enum RESTRoute: Hashable {
    case predict(String, VersionChoice)
    case classify(String, VersionChoice)
    case regress(String, VersionChoice)
    case status(String, version: Int64?)
    case metadata(String, VersionChoice)
    /// What the scheduler does with a model's requests.
    case scheduler(String, VersionChoice)
    /// Which models are served, and changes of that.
    case control(Control)
    /// `GET /v1/cache`: which models are in memory.
    case cache
    /// `GET /v1/routes`: who answers for models that other servers have.
    case routes
    /// `GET /v1/cluster`: how the server stands to its deployment.
    case cluster
    /// The flight recorder's requests, with what the URL says behind its `?`.
    case recordedRequests(query: [UInt8])
    /// CORS preflight under `/v1/`.
    case options
    case live
    case ready
    case modelReady(String, version: Int64?)
    /// `GET /v1/models`.
    case missingModelName
    /// A version number that does not fit in 64 bits.
    case unusableVersion(String)
    /// Under `/v1/` and nothing of the above.
    case malformed
    /// Not a path of this server.
    case unknown

    enum Control: Hashable {
        /// `GET /v2`: which server this is.
        case metadata
        /// `GET /v1/config`: every model and its versions.
        case status
        /// `POST /v1/config/reload`: applies the configuration file.
        case reload
        /// `POST /v2/repository/index`
        case index
        /// `POST /v2/repository/models/M/load`
        case load(String)
        /// `POST /v2/repository/models/M/unload`
        case unload(String)
        /// `POST /v2/repository/models/M/pin`, `unpin` and `prefetch`
        case residency(ModelAction, String)
        /// `POST /v2/repository/plan`: which model the planner would put where now.
        case plan
        /// `POST /v2/repository/apply`: does it.
        case apply

        var changesModels: Bool {
            switch self {
            case .reload, .load, .unload, .residency, .plan, .apply: true
            case .metadata, .status, .index: false
            }
        }
    }

    /// Whether the answer depends on the request's body.
    var readsBody: Bool {
        switch self {
        case .predict, .classify, .regress, .control(.index), .control(.load), .control(.unload),
            .control(.residency), .control(.plan), .control(.apply):
            true
        case .control(.metadata), .control(.status), .control(.reload): false
        case .status, .metadata, .scheduler, .cache, .routes, .cluster, .recordedRequests, .options, .live, .ready,
            .modelReady,
            .missingModelName,
            .unusableVersion,
            .malformed,
            .unknown:
            false
        }
    }
}

extension RESTRoute {
    /// Matches as TensorFlow Serving does: the query string is part of the path, names are percent-decoded after
    /// matching, fixed words match in any case but the method behind the colon does not.
    init(_ method: HTTP1Method, _ target: [UInt8]) {
        var path = PathCursor(target)
        guard path.take("/v1/") else {
            self = method == .post ? Self.repository(target) : Self.health(method, target)
            return
        }
        switch method {
        case .options: self = .options
        case .post: self = Self.inference(target) ?? (path.isWhole("config/reload") ? .control(.reload) : .malformed)
        case .get where path.isWhole("config"): self = .control(.status)
        case .get where path.isWhole("cache"): self = .cache
        case .get where path.isWhole("routes"): self = .routes
        case .get where path.isWhole("cluster"): self = .cluster
        case .get:
            self =
                Self.recordedRequests(target) ?? Self.model(target, hasName: true) ?? Self.model(target, hasName: false)
                ?? .malformed
        case .head, .put, .delete, .patch, .other: self = .malformed
        }
    }

    private static func inference(_ target: [UInt8]) -> RESTRoute? {
        var path = PathCursor(target)
        guard path.take("/v1/models/"), let name = path.takeName(), let version = path.takeVersion(), path.take(":")
        else { return nil }
        switch String(decoding: path.rest, as: UTF8.self) {
        case "predict": return version.map { .predict(name, $0) }
        case "classify": return version.map { .classify(name, $0) }
        case "regress": return version.map { .regress(name, $0) }
        default: return nil
        }
    }

    /// Ours, and so with a query as others have it.
    private static func recordedRequests(_ target: [UInt8]) -> RESTRoute? {
        var path = PathCursor(target)
        guard path.take("/v1/debug/requests") else { return nil }
        guard let mark = path.rest.first else { return .recordedRequests(query: []) }
        return mark == UInt8(ascii: "?") ? .recordedRequests(query: Array(path.rest.dropFirst())) : nil
    }

    /// - Parameter hasName: the name is optional in TensorFlow Serving's pattern, which tries with a name first.
    private static func model(_ target: [UInt8], hasName: Bool) -> RESTRoute? {
        var path = PathCursor(target)
        var name = ""
        guard path.take("/v1/models") else { return nil }
        if hasName {
            guard path.take("/"), let found = path.takeName() else { return nil }
            name = found
        }
        guard let version = path.takeVersion() else { return nil }
        let isMetadata = path.take("/metadata")
        let isScheduler = !isMetadata && hasName && path.take("/scheduler")
        guard path.rest.isEmpty else { return nil }
        return version.map { version in
            guard hasName else { return .missingModelName }
            if isMetadata { return .metadata(name, version) }
            if isScheduler { return .scheduler(name, version) }
            if case .specific(let number) = version { return .status(name, version: number) }
            return .status(name, version: nil)
        }
    }

    /// Triton's model repository extension.
    private static func repository(_ target: [UInt8]) -> RESTRoute {
        var path = PathCursor(target.split(separator: UInt8(ascii: "?"), omittingEmptySubsequences: false)[0])
        guard path.take("/v2/repository/") else { return .unknown }
        if path.isWhole("index") { return .control(.index) }
        if path.isWhole("plan") { return .control(.plan) }
        if path.isWhole("apply") { return .control(.apply) }
        guard path.take("models/"), let name = path.takeName(), path.take("/") else { return .unknown }
        if path.isWhole("load") { return .control(.load(name)) }
        if path.isWhole("unload") { return .control(.unload(name)) }
        if path.isWhole("pin") { return .control(.residency(.pin, name)) }
        if path.isWhole("unpin") { return .control(.residency(.unpin, name)) }
        return path.isWhole("prefetch") ? .control(.residency(.prefetch, name)) : .unknown
    }

    /// Paths of our own: those of the Open Inference Protocol. A query string is ignored.
    private static func health(_ method: HTTP1Method, _ target: [UInt8]) -> RESTRoute {
        guard method == .get || method == .head else { return .unknown }
        var path = PathCursor(target.split(separator: UInt8(ascii: "?"), omittingEmptySubsequences: false)[0])
        if path.isWhole("/v2") || path.isWhole("/v2/") { return .control(.metadata) }
        guard path.take("/v2/") else { return .unknown }
        var rest = path
        if rest.take("health/live"), rest.rest.isEmpty { return .live }
        rest = path
        if rest.take("health/ready"), rest.rest.isEmpty { return .ready }
        guard path.take("models/"), let name = path.takeName(), let version = path.takeVersion(), path.take("/ready"),
            path.rest.isEmpty
        else { return .unknown }
        switch version {
        case .found(.latest): return .modelReady(name, version: nil)
        case .found(.specific(let number)): return .modelReady(name, version: number)
        case .found(.label): return .unknown
        case .unusable(let text): return .unusableVersion(text)
        }
    }
}

/// Takes a path apart from the front.
private struct PathCursor {
    enum Version {
        case found(VersionChoice)
        case unusable(String)

        func map(_ route: (VersionChoice) -> RESTRoute) -> RESTRoute {
            switch self {
            case .found(let choice): route(choice)
            case .unusable(let text): .unusableVersion(text)
            }
        }
    }

    private(set) var rest: ArraySlice<UInt8>

    init(_ path: some Sequence<UInt8>) { rest = ArraySlice(path) }

    /// Steps over `word` (in lower case), written in any case.
    mutating func take(_ word: StaticString) -> Bool {
        guard rest.count >= word.utf8CodeUnitCount else { return false }
        for index in 0..<word.utf8CodeUnitCount {
            let byte = rest[rest.startIndex + index]
            let lower = byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte
            guard lower == word.utf8Start[index] else { return false }
        }
        rest = rest.dropFirst(word.utf8CodeUnitCount)
        return true
    }

    /// Whether `word` (in lower case), written in any case, is all that is left.
    func isWhole(_ word: StaticString) -> Bool {
        var path = self
        return path.take(word) && path.rest.isEmpty
    }

    /// One or more characters other than `/` and `:`, percent-decoded.
    mutating func takeName() -> String? {
        let name = rest.prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: ":") }
        guard !name.isEmpty else { return nil }
        rest = rest.dropFirst(name.count)
        return PercentCode.decoded(name)
    }

    /// `/versions/N`, `/labels/L` or nothing; `nil` when it begins like one of them and goes on otherwise.
    mutating func takeVersion() -> Version? {
        let start = self
        if take("/versions/") {
            let digits = rest.prefix { $0 &- 0x30 < 10 }
            guard !digits.isEmpty else { return nil }
            rest = rest.dropFirst(digits.count)
            let text = String(decoding: digits, as: UTF8.self)
            return Int64(text).map { .found(.specific($0)) } ?? .unusable(text)
        }
        self = start
        if take("/labels/") {
            guard let label = takeName() else { return nil }
            return .found(.label(label))
        }
        self = start
        return .found(.latest)
    }
}
