import ServingConfig

extension ServerConfiguration.VersionPolicy {
    /// The policy that Monolith calls so; `nil` for another word.
    ///
    /// - Parameter data: how many versions, or which one.
    init?(name: String, data: Int64 = 1) {
        let count = max(Int(clamping: data), 1)
        switch name.lowercased() {
        case "latest": self = .latest(count)
        case "latest_once": self = .latestOnce(count)
        case "all": self = .all
        case "specific": self = .specific([data])
        default: return nil
        }
    }

    static let names = "latest, latest_once, all or specific"
}
