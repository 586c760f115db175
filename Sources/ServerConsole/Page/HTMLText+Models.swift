import Servables
import ServingPrimitives

extension HTMLText {
    /// Versions of a model that were unloaded in peace and are shown at most; the others are counted.
    private static let maximumUnloaded = 2

    /// The columns behind the state, which the script fills from the samples: traffic of the model.
    private static let traffic = ["Requests/s", "Failed/s", "Median", "99 %", "Waiting"]

    /// The table of models. Those that cannot answer come first.
    ///
    /// - Parameter hasControl: whether there are buttons to load and unload.
    mutating func write(_ models: [ModelOverview], hasControl: Bool) {
        guard !models.isEmpty else {
            return element("p", "class=\"empty\"", "No model is configured. Name one with --model NAME=PATH.")
        }
        markup("<div class=\"wide tall\" tabindex=\"0\" role=\"region\" aria-label=\"Models\"><table class=\"models\">")
        markup("<thead><tr><th scope=\"col\">Model</th><th scope=\"col\" class=\"number\">Version</th>")
        markup("<th scope=\"col\">State</th><th scope=\"col\">Since</th>")
        for column in Self.traffic { element("th", "scope=\"col\" class=\"number scripted\"", column) }
        if hasControl { markup("<th scope=\"col\" class=\"scripted\"><span class=\"hidden\">Control</span></th>") }
        markup("</tr></thead>\n")
        for model in models.filter({ !$0.isAvailable }) + models.filter(\.isAvailable) { write(model, hasControl) }
        markup("</table></div>\n")
    }

    private mutating func write(_ model: ModelOverview, _ hasControl: Bool) {
        let shown = Self.shown(model.versions)
        let hidden = model.versions.count - shown.count
        let rows = max(1, shown.reduce(0) { $0 + ($1.status.error == nil ? 1 : 2) }) + (hidden > 0 ? 1 : 0)
        markup("<tbody data-model=\"")
        text(model.name)
        markup("\"><tr>")
        element("th", "scope=\"row\" rowspan=\"\(rows)\"", model.name)
        if shown.isEmpty {
            markup("<td class=\"number\">–</td><td><span class=\"state bad\">Nothing found</span></td>")
            markup("<td class=\"muted\">no complete version folder yet</td>")
            writeTraffic(of: model, hasControl)
            markup("</tr>\n")
        }
        for (index, version) in shown.enumerated() {
            if index > 0 { markup("<tr>") }
            write(version.status, since: version.since)
            if index == 0 { writeTraffic(of: model, hasControl) }
            markup("</tr>\n")
            if let error = version.status.error {
                markup("<tr class=\"reason\">")
                element(
                    "td",
                    "colspan=\"\(3 + Self.traffic.count + (hasControl ? 1 : 0))\" class=\"why\"",
                    "\(error.code.name): \(error.message)"
                )
                markup("</tr>\n")
            }
        }
        if hidden > 0 {
            let text = hidden == 1 ? "1 earlier version, unloaded" : "\(hidden) earlier versions, unloaded"
            markup("<tr><td></td>")
            element("td", "colspan=\"2\" class=\"muted\"", text)
            markup("</tr>\n")
        }
        markup("</tbody>\n")
    }

    private static func shown(_ versions: [ModelOverview.Version]) -> [ModelOverview.Version] {
        var unloaded = 0
        return versions.filter { version in
            guard version.status.state == .end, version.status.error == nil else { return true }
            unloaded += 1
            return unloaded <= maximumUnloaded
        }
    }

    private mutating func write(_ status: VersionStatus, since: Int64?) {
        markup("<td class=\"number\">\(status.version)</td><td data-version=\"\(status.version)\"")
        markup(
            " data-state=\"\(status.state.name)\"><span class=\"state \(status.kind)\">\(status.word)</span></td><td>"
        )
        if let since { time(since) }
        markup("</td>")
    }

    private mutating func writeTraffic(of model: ModelOverview, _ hasControl: Bool) {
        for name in ["succeeded", "failed", "p50", "p99", "waiting"] {
            markup("<td class=\"number scripted\" data-figure=\"\(name)\"></td>")
        }
        guard hasControl else { return }
        markup("<td class=\"scripted\">")
        let action = model.isAvailable ? "unload" : "load"
        markup("<button type=\"button\" class=\"plain\" data-action=\"\(action)\" aria-label=\"\(action) ")
        text(model.name)
        markup("\">\(model.isAvailable ? "Unload" : "Load")</button></td>")
    }

    mutating func write(events: [ModelEvent]) {
        guard !events.isEmpty else { return }
        let count = events.count == 1 ? "Last change" : "Last \(events.count) changes"
        markup("<details id=\"events\"><summary>\(count) of states</summary><div class=\"wide\"><table><tbody>\n")
        for event in events.reversed() {
            markup("<tr><td>")
            time(event.date)
            markup("</td>")
            element("td", "", event.model)
            markup("<td class=\"number\">\(event.status.version)</td>")
            markup("<td><span class=\"state \(event.status.kind)\">\(event.status.word)</span></td>")
            element("td", "class=\"why\"", event.status.error?.message ?? "")
            markup("</tr>\n")
        }
        markup("</tbody></table></div></details>\n")
    }

    /// A date that the script says in words.
    private mutating func time(_ milliseconds: Int64) {
        let text = utcText(milliseconds)
        markup("<time datetime=\"\(text)\">\(text)</time>")
    }
}

extension VersionStatus {
    /// Its state for people.
    fileprivate var word: String {
        switch state {
        case .start where isAtRest: "At rest"
        case .start: "Found"
        case .loading: "Loading"
        case .available: "Available"
        case .unloading: "Unloading"
        case .end: error == nil ? "Unloaded" : "Failed"
        }
    }

    /// How the word is coloured.
    fileprivate var kind: String {
        switch state {
        case .available: "good"
        case .start where isAtRest: error == nil ? "quiet" : "bad"
        case .start, .loading, .unloading: "busy"
        case .end: error == nil ? "quiet" : "bad"
        }
    }
}
