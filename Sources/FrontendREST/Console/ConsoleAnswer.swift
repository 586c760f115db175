import AccessControl
import ServerConsole

/// The JSON that the console's script asks for.
enum ConsoleAnswer {
    /// `GET /console/about`: what the server is, and its models by name.
    static func about(_ console: ServerConsole, _ visibility: ModelVisibility) -> [UInt8] {
        var writer = ProtobufJSON()
        writer.object { writer in
            writer.string("version", console.facts.version)
            writer.plain("cores", "\(console.facts.cores)")
            writer.plain("started", "\(console.started)")
            writer.plain("control", "\(console.facts.hasControl)")
            if console.facts.hasDeployment { writer.plain("deployment", "true") }
            writer.list("models") { writer in
                for model in console.models(shows: visibility.shows) {
                    writer.object { writer in
                        writer.string("name", model.name)
                        writer.plain("available", "\(model.isAvailable)")
                    }
                }
            }
        }
        return writer.text
    }

    /// `GET /console/samples`: a list for each figure, with one number for each second, oldest first; `null` where a
    /// second has none; and what came to each model in the last one. Times are milliseconds, rates per second, memory bytes.
    ///
    /// - Parameters:
    ///   - model: whose traffic it is about; `nil` is all of those that `visibility` shows.
    static func samples(
        _ console: ServerConsole,
        from number: Int,
        model: String?,
        _ visibility: ModelVisibility
    ) -> [UInt8] {
        let (samples, next) = console.samples(from: number)
        let traffic = samples.map { sample in
            if let model { return sample.models[model] ?? TrafficSample() }
            return visibility.isAll ? sample.total : sample.traffic(of: visibility.shows)
        }
        var writer = ProtobufJSON()
        writer.object { writer in
            writer.plain("started", "\(console.started)")
            writer.plain("now", "\(ServerConsole.date())")
            writer.plain("next", "\(next)")
            writer.plain("changes", "\(console.changeCount)")
            writer.plain("ready", "\(console.isReady)")
            writer.plain("draining", "\(console.isDraining)")
            func column<Value>(_ name: String, _ values: [Value], _ number: (Value) -> Double?) {
                writer.plain(name, "[" + values.map { text(number($0)) }.joined(separator: ",") + "]")
            }
            column("date", samples) { Double($0.date) }
            column("succeeded", traffic, \.succeeded)
            column("failed", traffic, \.failed)
            column("p50", traffic) { $0.latency?.p50 }
            column("p95", traffic) { $0.latency?.p95 }
            column("p99", traffic) { $0.latency?.p99 }
            column("waiting", traffic) { Double($0.waiting) }
            column("rows", samples, \.rowsPerRun)
            column("runs", samples, \.runs)
            column("cores", samples, \.cores)
            column("memory", samples) { Double($0.memory) }
            writer.object("models") { writer in
                for (name, traffic) in console.lastTraffic where visibility.shows(name) {
                    writer.object(name) { write(traffic, to: &$0) }
                }
            }
        }
        return writer.text
    }

    private static func write(_ traffic: TrafficSample, to writer: inout ProtobufJSON) {
        writer.plain("succeeded", text(traffic.succeeded))
        writer.plain("failed", text(traffic.failed))
        writer.plain("p50", text(traffic.latency?.p50))
        writer.plain("p99", text(traffic.latency?.p99))
        writer.plain("waiting", "\(traffic.waiting)")
    }

    /// With at most three digits behind the point, and none that is not needed.
    private static func text(_ value: Double?) -> String {
        guard let value, value.isFinite, abs(value) < 1e15 else { return "null" }
        let thousandths = Int64((value * 1000).rounded())
        let rest = abs(thousandths % 1000)
        guard rest > 0 else { return "\(thousandths / 1000)" }
        let digits = String(String(1000 + rest).dropFirst())
        return "\(thousandths < 0 ? "-" : "")\(abs(thousandths / 1000)).\(digits)"
    }
}
