import ArgumentParser
import Glibc
import LoadGeneration
import ServingPrimitives

/// `apus bench`: loads model servers and says what they do.
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Load model servers and measure rate, latency and CPU.",
        usage: """
            apus bench --grpc HOST:PORT --model NAME [--concurrency N,... | --rate N,...] [options]
            apus bench --rest HOST:PORT --model NAME [options]
            apus bench --url http://HOST:PORT/PATH --body FILE [options]
            """,
        discussion: """
            A closed loop (--concurrency) keeps so many requests in flight and shows what a server can do. An open loop \
            (--rate) sends at its own times, as users do, and counts latency from the time a request was meant to be \
            sent: a server that stalls does not make it wait. Inputs are made from the model's signature.

            EXAMPLES
              What can it do with 1, 16 and 128 requests in flight?
                apus bench --grpc 127.0.0.1:8500 --model half_plus_two --concurrency 1,16,128

              gRPC against REST, in turns, so that noise hits both:
                apus bench --grpc 127.0.0.1:8500 --rest 127.0.0.1:8501 -m half_plus_two -c 16

              Five rows of 200 tokens, 2000 requests a second, answers wanted within 25 ms:
                apus bench --grpc 127.0.0.1:8500 -m text_classifier --shape tokens:5x200 --rate 2000 --deadline 25ms

              A burst of three times the load; how long until it is forgotten?
                apus bench --grpc 127.0.0.1:8500 -m half_plus_two --rate 4000 --deadline 25ms --burst 10s@3x

              The highest rate at which 99 % of all requests are answered within 25 ms:
                apus bench --grpc 127.0.0.1:8500 -m half_plus_two --find-rate 'p99<25ms'

              Two servers side by side from 1000 to 20000 requests a second, a page with figures, numbers for a program:
                apus bench --grpc ours=127.0.0.1:8500 --grpc theirs=127.0.0.1:9500 -m half_plus_two \\
                  --ramp 1000:20000:8 --deadline 25ms --html report.html --json report.json

              The requests that a server has logged, at ten times the speed:
                apus bench --grpc 127.0.0.1:8500 --replay /var/log/apus/m-20261121T204535Z-00001.tfrecord --speed 10

              Triton over gRPC, any server over HTTP:
                apus bench --grpc 127.0.0.1:8001 --grpc-method /inference.GRPCInferenceService/ModelInfer --body r.bin
                apus bench --url http://127.0.0.1:8000/v2/models/m/infer --body request.json

            Columns: answers/s are good ones; "server µs" and "client µs" are CPU time for each request of the server \
            (found by its port when it is on this machine) and of this program; batch is the mean number of rows the \
            server ran at once, where its metrics say so. Ctrl-C ends a run and shows what there is. The exit status is \
            1 when no request succeeded.
            """
    )

    @OptionGroup(title: "Servers") var targets: BenchTargetOptions
    @OptionGroup(title: "Requests") var requests: BenchRequestOptions
    @OptionGroup(title: "Load") var load: BenchLoadOptions
    @OptionGroup(title: "Output") var output: BenchOutputOptions

    func validate() throws {
        if requests.replay != nil, load.isOpenOrClosed {
            throw ValidationError("--replay says when requests are sent; leave --concurrency, --rate and the like away")
        }
        if targets.grpc.isEmpty, targets.rest.isEmpty, targets.url.isEmpty {
            throw ValidationError("No server is named. Name them with --grpc HOST:PORT, --rest HOST:PORT or --url URL")
        }
    }

    func run() throws {
        signal(SIGPIPE, SIG_IGN)
        var plan = load.plan(arrivals: try load.arrivals.map { try BenchFiles.arrivals($0) })
        if let replay = requests.replay { try follow(replay, &plan) }
        plan.deadline = requests.deadline?.nanoseconds
        plan.cancelsExpired = !requests.noCancel
        plan.requiresEqualAnswers = requests.checkEqual
        let prepared = try BenchTargets(targets, requests, seed: load.seed).prepare()
        Interrupts.catchThem()
        let runner = LoadRunner(
            targets: prepared.map(\.target),
            plan: plan,
            processes: prepared.map(\.process),
            metrics: prepared.map(\.metrics),
            board: Interrupts.board,
            progress: progress
        )
        let objective = try load.objective
        let search = objective.map { runner.search($0) }
        let results = search?.probes ?? runner.run()
        clearProgress()
        var report = RunReport(
            targets: prepared.map(\.summary),
            results: results,
            plan: plan,
            machine: Machine(),
            command: CommandLine.arguments.joined(separator: " "),
            isInterrupted: Interrupts.board.isInterrupted
        )
        if let objective, let search { report.search = (objective, search.found) }
        try write(report)
        if !report.hasSuccess { throw ExitCode(1) }
    }

    /// Every request of the log, at its own time.
    private func follow(_ log: String, _ plan: inout LoadPlan) throws {
        let arrivals = try PredictionLogFile.arrivals(in: try BenchFiles.contents(log), speed: requests.speed)
        plan.levels = [.recorded(arrivals)]
        plan.warmUp = 0
        if load.duration == nil { plan.duration = (arrivals.last ?? 0) + 1_000_000_000 }
    }

    private func write(_ report: RunReport) throws {
        if let path = output.html { try BenchFiles.write(report.html, to: path) }
        if let path = output.json, path != "-" { try BenchFiles.write(report.json.indentedText, to: path) }
        print(output.json == "-" ? report.json.indentedText : report.table)
    }

    // MARK: Progress

    private var progress: LoadRunner.Progress? {
        guard !output.quiet, isatty(STDERR_FILENO) == 1 else { return nil }
        return { note in
            let rate = TextTable.rate(note.rate)
            let line =
                "\(note.target), \(note.level): \(rate) answers/s, \(note.inFlight) in flight, "
                + "p50 \(TextTable.time(note.median)), p99 \(TextTable.time(note.p99)), \(note.errors) errors"
            BenchFiles.writeToStandardError("\r\u{1b}[K\(line)")
        }
    }

    private func clearProgress() {
        if progress != nil { BenchFiles.writeToStandardError("\r\u{1b}[K") }
    }
}

/// Ctrl-C: the first one ends the run early, the second one the process.
private enum Interrupts {
    static let board = ProgressBoard(isWatched: true)

    static func catchThem() {
        // Made before a handler can need it.
        _ = board
        for number in [SIGINT, SIGTERM] {
            signal(number) { number in
                Interrupts.board.interrupt()
                signal(number, SIG_DFL)
            }
        }
    }
}
