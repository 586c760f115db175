import Servables

/// The bodies of our health endpoints.
enum ReadinessAnswer {
    /// A model that cannot answer, and why.
    struct Reason {
        var model: String
        var text: String
    }

    static let ready = Array("{\n    \"ready\": true\n}".utf8)
    static let live = Array("{\n    \"live\": true\n}".utf8)

    static func notReady(isDraining: Bool, waitingFor awaited: String? = nil, _ models: [Reason]) -> [UInt8] {
        var text = "{\n    \"ready\": false"
        if isDraining {
            text += ",\n    \"reason\": \"The server is shutting down\""
        } else if let awaited {
            text += ",\n    \"reason\": \(JSONText.quoted("The server waits for \(awaited)"))"
        }
        if !models.isEmpty {
            let list = models.map {
                "        {\"name\": \(JSONText.quoted($0.model)), \"reason\": \(JSONText.quoted($0.text))}"
            }
            text += ",\n    \"models\": [\n" + list.joined(separator: ",\n") + "\n    ]"
        }
        return Array((text + "\n}").utf8)
    }

    /// Why no version of a model answers, from the states of its versions (newest first).
    static func reason(_ versions: [VersionStatus]) -> String {
        guard let newest = versions.first else { return "No version of the model has been found yet" }
        let state = "Version \(newest.version) is in state \(newest.state.name)"
        return newest.error.map { "\(state): \($0)" } ?? state
    }
}
