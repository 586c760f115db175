extension ServerConsole {
    /// The whole page, with the states of now: it tells them without its script, too.
    ///
    /// - Parameter isShown: whether whoever asks may hear of a model.
    public func page(shows isShown: (String) -> Bool) -> [UInt8] {
        page(status: statusFragment(shows: isShown), models: modelsFragment(shows: isShown))
    }

    /// The page without its models, for those who have not said yet who they are.
    public func lockedPage() -> [UInt8] { page(status: [], models: []) }

    private func page(status: [UInt8], models: [UInt8]) -> [UInt8] {
        var page: [UInt8] = []
        for part in PageTemplate.parts {
            switch part {
            case .text(let bytes): page += bytes
            case .place("status"): page += status
            case .place("models"): page += models
            case .place("version"): page += facts.version.utf8
            case .place("cores"): page += (facts.cores == 1 ? "1 core" : "\(facts.cores) cores").utf8
            case .place("started"): page += utcText(started).utf8
            case .place(let name): preconditionFailure("the page has no part \(name)")
            }
        }
        return page
    }

    /// Whether the server is ready, in a word or two.
    func statusFragment(shows isShown: (String) -> Bool) -> [UInt8] {
        let waiting = models(shows: isShown).count { !$0.isAvailable }
        let (kind, text) =
            if isDraining {
                ("busy", "Shutting down")
            } else if isReady {
                ("good", "Ready")
            } else {
                ("bad", Self.notReady(waiting))
            }
        var html = HTMLText()
        html.element("span", "class=\"pill \(kind)\"", text)
        return html.bytes
    }

    private static func notReady(_ waiting: Int) -> String {
        switch waiting {
        case 0: "Not ready"
        case 1: "Not ready: 1 model cannot answer"
        default: "Not ready: \(waiting) models cannot answer"
        }
    }

    /// The table of models, what happened lately, and who has models elsewhere; the script fetches it anew when something changed.
    func modelsFragment(shows isShown: (String) -> Bool) -> [UInt8] {
        var html = HTMLText()
        html.write(models(shows: isShown), hasControl: facts.hasControl)
        html.write(events: events(shows: isShown))
        if let routes = routes(shows: isShown) { html.write(routes) }
        return html.bytes
    }

    /// The body of the status line and of the table, which belong together.
    ///
    /// - Parameter isShown: whether whoever asks may hear of a model.
    public func statesFragment(shows isShown: (String) -> Bool) -> [UInt8] {
        Array("<div data-part=\"status\">".utf8) + statusFragment(shows: isShown)
            + Array("</div><div data-part=\"models\">".utf8) + modelsFragment(shows: isShown) + Array("</div>".utf8)
    }
}

/// The page's own text, split once at its `{{name}}` places.
private enum PageTemplate {
    enum Part {
        case text([UInt8])
        case place(String)
    }

    static let parts: [Part] = {
        var parts: [Part] = []
        var rest = PackageResources.console_html[...]
        while let open = rest.firstRange(of: Array("{{".utf8)), let close = rest.firstRange(of: Array("}}".utf8)) {
            parts.append(.text(Array(rest[..<open.lowerBound])))
            parts.append(.place(String(decoding: rest[open.upperBound..<close.lowerBound], as: UTF8.self)))
            rest = rest[close.upperBound...]
        }
        return parts + [.text(Array(rest))]
    }()
}
