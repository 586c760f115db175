import ServingPrimitives

/// What an agent answers of its deployment, for people.
struct DeploymentText {
    let text: String

    /// `nil` where it is none.
    init?(json bytes: [UInt8]) {
        guard let report = JSONTree(bytes), case .string(let source) = report["source"] else { return nil }
        var lines = ["\(source)"]
        if let store = report["store"] { lines.append(Self.line(store)) }
        let registered = report["store"].map { Self.texts($0["registered"]) } ?? []
        lines += registered.map { "    registered \($0)" }
        for name in Self.texts(report["served"]) { lines.append("\(name)  served here") }
        guard case .array(let routes) = report["routes"] else { return nil }
        for route in routes {
            guard case .string(let name) = route["name"] else { return nil }
            var line = "\(name)  \(Self.texts(route["addresses"]).joined(separator: ", "))"
            if case .bool(true) = route["stale"] { line += "  (as it was; nobody says so now)" }
            lines.append(line)
        }
        lines += Self.texts(report["warnings"]).map { "warning: \($0)" }
        text = lines.joined(separator: "\n")
    }

    private static func line(_ store: JSONTree) -> String {
        let name = if case .string(let name) = store["name"] { name } else { "the store" }
        let isConnected = if case .bool(true) = store["connected"] { true } else { false }
        var line = "\(name) is \(isConnected ? "connected" : "away"), for \(seconds(store["state_seconds"]))"
        if let age = store["known_age_seconds"] {
            line += "; what is known is " + (age.isZero ? "as it says" : "\(seconds(age)) old")
        } else {
            line += "; nothing is known of it yet"
        }
        if case .bool(true) = store["layout_stale"] { line += "; the layout is there no more" }
        if case .string(let problem) = store["problem"] { line += "\n    \(problem)" }
        return line
    }

    private static func seconds(_ value: JSONTree?) -> String {
        if case .number(let digits) = value { "\(digits) s" } else { "an unknown time" }
    }

    private static func texts(_ list: JSONTree?) -> [String] {
        guard case .array(let list) = list else { return [] }
        return list.compactMap { if case .string(let text) = $0 { text } else { nil } }
    }
}

extension JSONTree {
    fileprivate var isZero: Bool { if case .number(let digits) = self { Double(digits) == 0 } else { false } }
}
