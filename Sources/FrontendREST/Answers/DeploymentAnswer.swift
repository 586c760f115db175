import ServingConfig

/// The body of `GET /v1/cluster`: what of its deployment a server serves, how it stands to the store, and where others answer.
enum DeploymentAnswer {
    /// - Parameter isShown: whether the caller may hear of a model.
    static func json(_ report: DeploymentReport, _ isShown: (String) -> Bool = { _ in true }) -> [UInt8] {
        var writer = ProtobufJSON()
        writer.object { writer in
            writer.string("source", report.source)
            write(report.served.filter(isShown), as: "served", to: &writer)
            writer.object("aliases") { writer in
                for (alias, name) in report.aliases.sorted(by: { $0.key < $1.key }) where isShown(name) {
                    writer.string(alias, name)
                }
            }
            write(report.warnings, as: "warnings", to: &writer)
            if let store = report.store { writer.object("store") { write(store, to: &$0) } }
            writer.list("routes") { writer in
                for route in report.routes where isShown(route.name) {
                    writer.object { writer in
                        writer.string("name", route.name)
                        write(route.addresses, as: "addresses", to: &writer)
                        writer.plain("stale", "\(route.isStale)")
                    }
                }
            }
        }
        return writer.text + "\n".utf8
    }

    private static func write(_ store: DeploymentReport.Store, to writer: inout ProtobufJSON) {
        writer.string("name", store.name)
        writer.plain("connected", "\(store.isConnected)")
        writer.plain("state_seconds", seconds(store.secondsInState))
        if let age = store.ageSeconds { writer.plain("known_age_seconds", seconds(age)) }
        writer.plain("layout_stale", "\(store.isLayoutStale)")
        if let problem = store.problem { writer.string("problem", problem) }
        write(store.registered, as: "registered", to: &writer)
    }

    private static func write(_ texts: [String], as key: String, to writer: inout ProtobufJSON) {
        writer.list(key) { writer in
            for text in texts { writer.element(JSONText.quoted(text)) }
        }
    }

    /// In thousandths.
    private static func seconds(_ value: Double) -> String { "\((value * 1000).rounded() / 1000)" }
}
