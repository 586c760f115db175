import Inference
import ServingPrimitives

extension HTMLText {
    /// Replicas that are shown at most; the others are counted.
    private static let maximumReplicas = 200

    /// The table of models that other servers have. Replicas that are not good come first.
    mutating func write(_ report: RemoteRoutesReport) {
        let all = report.routes.flatMap { route in route.replicas.map { (route.model, $0) } }
        let sorted = all.filter { $0.1.state != .good } + all.filter { $0.1.state == .good }
        markup("<h3 id=\"routes\">On other servers</h3>\n")
        if let trouble = report.trouble {
            element("p", "class=\"error\"", "These are the last routes known. \(trouble.code.name): \(trouble.message)")
        }
        markup("<div class=\"wide tall\" tabindex=\"0\" role=\"region\" aria-label=\"Models on other servers\"><table>")
        markup("<thead><tr><th scope=\"col\">Model</th><th scope=\"col\">Replica</th><th scope=\"col\">State</th>")
        markup("<th scope=\"col\" class=\"number\">Left alone, times</th></tr></thead><tbody>\n")
        for (model, replica) in sorted.prefix(Self.maximumReplicas) {
            markup("<tr>")
            element("th", "scope=\"row\"", model)
            element("td", "", replica.address)
            markup("<td><span class=\"state \(replica.state.kind)\">\(replica.state.word)</span></td>")
            markup("<td class=\"number\">\(replica.ejections)</td></tr>\n")
        }
        markup("</tbody></table></div>\n")
        let hidden = all.count - Self.maximumReplicas
        if hidden > 0 { element("p", "class=\"muted\"", "\(hidden) more; GET /v1/routes has all of them.") }
    }
}

extension RemoteRoutesReport.State {
    /// The state for people.
    fileprivate var word: String {
        switch self {
        case .good: "Good"
        case .leftAlone: "Left alone"
        case .tried: "Being tried"
        }
    }

    /// How the word is coloured.
    fileprivate var kind: String {
        switch self {
        case .good: "good"
        case .leftAlone: "bad"
        case .tried: "busy"
        }
    }
}
