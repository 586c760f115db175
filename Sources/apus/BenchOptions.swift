import ArgumentParser
import LoadGeneration
import ServingPrimitives

/// Which servers are loaded.
struct BenchTargetOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A TensorFlow Serving-compatible server's gRPC address; repeat for more.",
            valueName: "[name=]host:port"
        )
    )
    var grpc: [MaybeNamed] = []

    @Option(
        help: ArgumentHelp(
            "A TensorFlow Serving-compatible server's REST address; repeat for more.",
            valueName: "[name=]host:port"
        )
    )
    var rest: [MaybeNamed] = []

    @Option(
        help: ArgumentHelp(
            "Any HTTP server: POST --body to this URL; repeat for more.",
            valueName: "[name=]http://host:port/path"
        )
    )
    var url: [MaybeNamed] = []

    @Option(
        help: ArgumentHelp(
            "Call this method of the gRPC servers with --body, whatever it is.",
            valueName: "[name=]/package.Service/Method"
        )
    )
    var grpcMethod: [MaybeNamed] = []

    @Option(help: ArgumentHelp("File with the body of --url and --grpc-method.", valueName: "[name=]file"))
    var body: [MaybeNamed] = []

    @Option(help: "Content type of --url's body.")
    var contentType = "application/json"

    @Option(
        help: ArgumentHelp(
            "Process of a server, for its CPU time. Servers on this machine are found by their port.",
            valueName: "[name=]pid"
        )
    )
    var pid: [MaybeNamed] = []
}

/// What they are asked.
struct BenchRequestOptions: ParsableArguments {
    @Option(name: [.customLong("model"), .customShort("m")], help: "The model to call.")
    var model: String?

    @Option(help: "Its version; without it the server chooses.")
    var version: Int64?

    @Option(help: "The signature to call (default: serving_default).")
    var signature: String?

    @Option(help: ArgumentHelp("Shape of an input; repeat for more.", valueName: "input:2x3"))
    var shape: [ShapeArgument] = []

    @Option(help: "Rows of inputs whose first dimension is open.")
    var rows = 1

    @Option(help: "Whole numbers in random inputs are below this (a vocabulary's size).")
    var integerLimit = 10

    @Option(help: "How many different random requests to send in turn.")
    var variants = 1

    @Option(
        help: ArgumentHelp(
            "File with the request: a REST body in JSON, a serialized PredictRequest or a TFRecord file of PredictionLogs.",
            valueName: "file"
        )
    )
    var data: String?

    @Option(
        help: ArgumentHelp(
            "A request log: its requests in their order, at the times they came. Sets --arrivals, and --warm-up to 0.",
            valueName: "file"
        )
    )
    var replay: String?

    @Option(help: "With --replay: so many times as fast.")
    var speed = 1.0

    @Option(
        help: ArgumentHelp(
            "Deadline of each request, told to the server; in-time answers are counted.",
            valueName: "time"
        )
    )
    var deadline: DurationArgument?

    @Flag(help: "Leave gRPC calls whose deadline has passed running, instead of cancelling them as clients do.")
    var noCancel = false

    @Option(help: "Priority, as header x-request-priority.")
    var priority: String?

    @Option(help: "Tenant, as header x-tenant.")
    var tenant: String?

    @Option(
        name: [.customLong("header"), .customShort("H")],
        help: ArgumentHelp("A further header field or gRPC metadata; repeat for more.", valueName: "name: value")
    )
    var headers: [HeaderArgument] = []

    @Flag(help: "Count answers that differ from the first one to the same request as errors.")
    var checkEqual = false

    func validate() throws {
        if !(1...1_000_000).contains(rows) { throw ValidationError("--rows is \(rows); expected 1 to 1000000") }
        if !(1...100_000).contains(variants) {
            throw ValidationError("--variants is \(variants); expected 1 to 100000")
        }
        if replay != nil, data != nil { throw ValidationError("--replay and --data both name the requests; give one") }
        if !(1e-6...1e6).contains(speed) { throw ValidationError("--speed is \(speed); expected 0.000001 to 1000000") }
        if integerLimit < 1 { throw ValidationError("--integer-limit is \(integerLimit); expected 1 or more") }
        if let deadline, deadline.nanoseconds < 1000 { throw ValidationError("--deadline is shorter than 1us") }
    }

    var fields: RequestFields {
        var fields = RequestFields()
        fields.deadline = deadline?.nanoseconds
        fields.priority = priority
        fields.tenant = tenant
        fields.others = headers.map { ($0.name, $0.value) }
        return fields
    }

    func question(seed: UInt64, data: [UInt8]?) -> ModelQuestion {
        var question = ModelQuestion()
        question.model = model ?? ""
        question.version = version
        question.signature = signature ?? ""
        question.rules.shapes = Dictionary(shape.map { ($0.input, $0.sizes) }, uniquingKeysWith: { $1 })
        question.rules.rows = rows
        question.rules.integerLimit = integerLimit
        question.rules.seed = seed
        question.variants = variants
        question.data = data
        return question
    }
}

/// How much of it.
struct BenchLoadOptions: ParsableArguments {
    @Option(
        name: [.long, .customShort("c")],
        help: ArgumentHelp("Closed loop: requests in flight, one load after the other.", valueName: "n,n,...")
    )
    var concurrency: CountList?

    @Option(
        name: [.long, .customShort("r")],
        help: ArgumentHelp("Open loop: Poisson arrivals a second, one load after the other.", valueName: "n,n,...")
    )
    var rate: NumberList?

    @Option(help: ArgumentHelp("Open loop: so many rates from the first to the last.", valueName: "first:last:steps"))
    var ramp: RampArgument?

    @Option(
        help: ArgumentHelp(
            "With one --rate: halfway through --duration so much more for so long; shows the recovery.",
            valueName: "10s@3x"
        )
    )
    var burst: BurstArgument?

    @Option(
        help: ArgumentHelp(
            "Search for the highest rate within an objective; each try takes --duration (3s).",
            valueName: "p99<25ms"
        )
    )
    var findRate: String?

    @Option(
        help: ArgumentHelp(
            "Open loop: recorded arrivals, a time in seconds on each line (first column).",
            valueName: "file.csv"
        )
    )
    var arrivals: String?

    @Option(
        name: [.long, .customShort("d")],
        help: ArgumentHelp("Time of each load (default: 10s; 3s with --find-rate).", valueName: "time")
    )
    var duration: DurationArgument?

    @Option(name: [.long, .customShort("n")], help: "End a load after so many requests to each server.")
    var requests: Int?

    @Option(help: "Load before each measurement that is not counted.")
    var warmUp = DurationArgument(seconds: 0.5)

    @Option(help: "Several servers take turns of this length.")
    var slice = DurationArgument(seconds: 1)

    @Option(
        help: ArgumentHelp(
            """
            Connections to each server (default: closed loop 1 over gRPC, always as many as requests in flight over REST; \
            open loop 8 and 16).
            """
        )
    )
    var connections: Int?

    @Option(help: "An open loop opens more connections when these are busy, up to this.")
    var maxConnections = 512

    @Option(help: "Threads that send.")
    var threads = 1

    @Option(help: "Wait this long for the last answers.")
    var grace = DurationArgument(seconds: 5)

    @Option(help: "Decides random arrivals and inputs.")
    var seed: UInt64 = 1

    @Flag(help: "Wait for send times with the CPU: sends are later by a microsecond or two only, for a whole core.")
    var spin = false

    func validate() throws {
        if kindCount > 1 {
            throw ValidationError("give one of --concurrency, --rate, --ramp, --arrivals and --find-rate")
        }
        do { _ = try objective } catch { throw ValidationError(error.message) }
        if burst != nil, rate?.values.count != 1 { throw ValidationError("--burst goes with one --rate") }
        if duration?.nanoseconds == 0 { throw ValidationError("--duration is 0") }
        if slice.nanoseconds < 10_000_000 { throw ValidationError("--slice is shorter than 10ms") }
        if let requests, requests < 1 { throw ValidationError("--requests is \(requests); expected 1 or more") }
        if !(1...256).contains(threads) { throw ValidationError("--threads is \(threads); expected 1 to 256") }
        if let connections, !(1...10_000).contains(connections) {
            throw ValidationError("--connections is \(connections); expected 1 to 10000")
        }
        if !(1...20_000).contains(maxConnections) {
            throw ValidationError("--max-connections is \(maxConnections); expected 1 to 20000")
        }
    }

    private var kindCount: Int {
        [concurrency != nil, rate != nil, ramp != nil, arrivals != nil, findRate != nil].count { $0 }
    }

    /// One of the options says how requests are sent.
    var isOpenOrClosed: Bool { kindCount > 0 }

    var objective: LatencyObjective? {
        get throws(ServingError) {
            guard let findRate else { return nil }
            return try LatencyObjective(findRate) { DurationArgument(argument: $0)?.nanoseconds }
        }
    }

    func plan(arrivals: [UInt64]?) -> LoadPlan {
        var plan = LoadPlan()
        plan.duration = duration?.nanoseconds ?? (findRate == nil ? 10_000_000_000 : 3_000_000_000)
        if let concurrency { plan.levels = concurrency.values.map { .closed(inFlight: $0) } }
        if let rates = rate?.values ?? ramp?.rates {
            plan.levels = rates.map { rate in
                burst.map {
                    .burst(
                        rate: rate,
                        factor: $0.factor,
                        length: $0.seconds,
                        around: Double(plan.duration) / 2e9
                    )
                } ?? .open(rate: rate)
            }
        }
        if let arrivals { plan.levels = [.recorded(arrivals)] }
        plan.requests = requests ?? .max
        plan.warmUp = warmUp.nanoseconds
        plan.slice = slice.nanoseconds
        plan.connections = connections
        plan.connectionLimit = maxConnections
        plan.threads = threads
        plan.grace = grace.nanoseconds
        plan.seed = seed
        plan.spins = spin
        return plan
    }
}

/// What is told.
struct BenchOutputOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Write all numbers as JSON; - is standard output instead of the table.", valueName: "file")
    )
    var json: String?

    @Option(help: ArgumentHelp("Write a page with figures, to be opened in a browser.", valueName: "file"))
    var html: String?

    @Flag(name: [.long, .customShort("q")], help: "No progress line.")
    var quiet = false
}
