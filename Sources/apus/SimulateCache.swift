import ArgumentParser
import CacheSimulation

/// `apus simulate-cache`: what is kept in memory, by policy.
struct SimulateCache: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate-cache",
        abstract:
            "Replay requests for more models than memory against the server's eviction and others: hits and waiting.",
        discussion: """
            The decision is the server's own; LRU and LFU differ in what a model in memory is worth, and the clairvoyant \
            one knows the rest of the trace. Without a trace: models of 64 kB to 4 MB, asked for by a Zipf distribution.

            EXAMPLES
              What 10 % of the memory is good for:
                apus simulate-cache --models 1000 --requests 100000 --budgets 10

              As a picture, with interests that change:
                apus simulate-cache --drift 1 --budgets 2,5,10,20,40 --svg cache.svg

            A trace has a line `seconds,model,bytes,load_ms` for each request.
            """
    )

    @Option(help: "Models in the repository.")
    var models = 1000

    @Option(help: "Requests.")
    var requests = 100_000

    @Option(help: "Exponent of the Zipf distribution.")
    var zipf = 1.1

    @Option(help: "Requests a second, which tells how fast use is forgotten.")
    var rate = 100.0

    @Option(help: "How often the models change places in the course of the trace, as a share of their number.")
    var drift = 0.0

    @Option(help: ArgumentHelp("Budgets, in percent of the bytes of all models.", valueName: "list"))
    var budgets = "10"

    @Option(help: ArgumentHelp("Requests of a file in place of made-up ones.", valueName: "file.csv"))
    var trace: String?

    @Option(help: ArgumentHelp("Writes hits and waiting against the budget as a picture.", valueName: "file.svg"))
    var svg: String?

    @Option(help: "The same seed gives the same numbers.")
    var seed: UInt64 = 1

    func validate() throws {
        if !(1...1_000_000).contains(models) || !(1...100_000_000).contains(requests) {
            throw ValidationError("--models is 1 to 1000000, and --requests 1 to 100000000")
        }
        if !(0...10).contains(zipf) || !(0...1000).contains(drift) || !(1e-6...1e9).contains(rate) {
            throw ValidationError("--zipf is 0 to 10, --drift 0 to 1000, and --rate above 0")
        }
        _ = try shares()
    }

    private func shares() throws -> [Double] {
        try budgets.split(separator: ",").map { text in
            guard let percent = Double(text), percent > 0, percent <= 100 else {
                throw ValidationError("--budgets has \"\(text)\"; expected percentages like 5,10,20")
            }
            return percent / 100
        }
    }

    func run() throws {
        let study = try study()
        let points = try shares().map { share in
            CacheComparison.Point(
                share: share,
                outcomes: study.compare(budget: max(Int(Double(study.totalBytes) * share), 1))
            )
        }
        print(CacheComparison.text(points), terminator: "")
        if let svg { try SimulationFile.write(CacheComparison.svg(points), to: svg) }
    }

    private func study() throws -> CacheStudy {
        if let trace { return try CacheTrace.parse(SimulationFile.text(trace)) }
        return CacheStudy(
            models: CacheTrace.models(models, seed: seed),
            requests: CacheTrace.zipf(
                requests,
                models: models,
                exponent: zipf,
                perSecond: rate,
                drift: drift,
                seed: seed &+ 1
            )
        )
    }
}
