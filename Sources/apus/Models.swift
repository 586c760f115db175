import ArgumentParser
import HTTPClient
import LoadGeneration
import ServingPrimitives

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// `apus models`: what a running server serves, and what it has in memory.
struct Models: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List, load, unload, pin, prefetch and place models of a running server.",
        discussion: """
            Talks to the server's REST port, or its control port. All but list needs control to be allowed there \
            (--enable-control, or a control port). To ask for what is so already changes nothing.

            EXAMPLES
              apus models list
              apus models load resnet --server 127.0.0.1:8501
              apus models pin resnet --dry-run
              apus models plan
              apus models apply --dry-run
            """,
        subcommands: [
            ListModels.self, LoadModel.self, UnloadModel.self, PinModel.self, UnpinModel.self, PrefetchModel.self,
            PlanModels.self, ApplyPlan.self,
        ]
    )
}

struct ModelServerOptions: ParsableArguments {
    @Option(help: "Address of the server's REST port.")
    var server = "127.0.0.1:8501"

    @Option(help: "API key, where the server asks for one; without it that of the environment variable APUS_API_KEY.")
    var key: String?

    @Option(help: "Seconds to wait for the answer.")
    var timeout = 60.0

    func validate() throws {
        if !(0.001...1e6).contains(timeout) {
            throw ValidationError("--timeout is \(timeout); expected seconds above 0")
        }
    }

    /// - Throws: what the server says when it refuses.
    func ask(_ method: String, _ path: String, body: String = "") throws -> String {
        try Self.ask(method, path, body: body, of: server, key: key, seconds: timeout)
    }

    static func ask(
        _ method: String,
        _ path: String,
        body: String = "",
        of server: String,
        key: String?,
        seconds: Double
    ) throws -> String {
        var fields: [(name: String, value: String)] = []
        if let key = key ?? getenv("APUS_API_KEY").map({ String(cString: $0) }) {
            fields.append(("authorization", "Bearer \(key)"))
        }
        let question = HTTPQuestion(method, path, body: Array(body.utf8), fields: fields)
        let answer = try question.ask(try ServerAddress(server), seconds: seconds)
        let text = String(decoding: answer.body, as: UTF8.self)
        guard answer.status == 200 else { throw Refusal(status: answer.status, text: text) }
        return text
    }

    struct Refusal: Error, CustomStringConvertible {
        var status: Int
        var text: String

        var description: String { "the server answers \(status): \(text)" }
    }
}

struct ListModels: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Print the models, or with --cache what is in memory, as JSON."
    )

    @OptionGroup var server: ModelServerOptions

    @Flag(help: "What is in memory under a memory budget, what it costs, when it was used.")
    var cache = false

    @Flag(help: "Only what answers requests.")
    var ready = false

    func run() throws {
        if cache { return print(try server.ask("GET", "/v1/cache"), terminator: "") }
        print(try server.ask("POST", "/v2/repository/index", body: "{\"ready\": \(ready)}"), terminator: "")
    }
}

/// What the commands for one model have in common.
struct ModelActionOptions: ParsableArguments {
    @Argument(help: "Name of the model.")
    var model: String

    @Flag(help: "Only print what would be loaded and evicted.")
    var dryRun = false

    @OptionGroup var server: ModelServerOptions

    func carryOut(_ action: String) throws {
        let path = "/v2/repository/models/\(PercentCode.encoded(model))/\(action)"
        let body = dryRun ? "{\"parameters\": {\"dry_run\": true}}" : "{}"
        print(try server.ask("POST", path, body: body), terminator: "")
    }
}

struct LoadModel: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load",
        abstract: "Serve a model, or bring one at rest into memory; returns when it answers."
    )
    @OptionGroup var options: ModelActionOptions
    func run() throws { try options.carryOut("load") }
}

struct UnloadModel: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unload",
        abstract: "Serve a model no longer, until it is loaded again."
    )
    @OptionGroup var options: ModelActionOptions
    func run() throws { try options.carryOut("unload") }
}

struct PinModel: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pin",
        abstract: "Keep a model in memory; returns when it is there."
    )
    @OptionGroup var options: ModelActionOptions
    func run() throws { try options.carryOut("pin") }
}

struct UnpinModel: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unpin",
        abstract: "Let a model be evicted again."
    )
    @OptionGroup var options: ModelActionOptions
    func run() throws { try options.carryOut("unpin") }
}

struct PrefetchModel: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prefetch",
        abstract: "Load a model when there is room that nobody uses; waits for nothing."
    )
    @OptionGroup var options: ModelActionOptions
    func run() throws { try options.carryOut("prefetch") }
}

/// What the commands for the plan have in common.
struct ModelPlanOptions: ParsableArguments {
    @Flag(help: "Plan as if nothing had a place: models move to where that is more even.")
    var anew = false

    @Flag(help: "Print the plan as JSON.")
    var json = false

    @OptionGroup var server: ModelServerOptions

    func ask(_ path: String, isDryRun: Bool) throws {
        let parameters = "{\"anew\": \(anew), \"dry_run\": \(isDryRun), \"table\": \(!json)}"
        let body = "{\"parameters\": \(parameters)}"
        print(try server.ask("POST", path, body: body), terminator: "")
    }
}

struct PlanModels: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract:
            "Print which model the planner would put on which device now, what moves, and what has no place and why."
    )
    @OptionGroup var options: ModelPlanOptions
    func run() throws { try options.ask("/v2/repository/plan", isDryRun: true) }
}

struct ApplyPlan: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Put models on devices as apus models plan says; prints what is done, and waits for no load."
    )
    @Flag(help: "Only print what would be done.")
    var dryRun = false

    @OptionGroup var options: ModelPlanOptions

    func run() throws { try options.ask("/v2/repository/apply", isDryRun: dryRun) }
}
