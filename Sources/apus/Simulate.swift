import ArgumentParser
import Batching
import SchedulerSimulation
import ServingPrimitives

/// `apus simulate`: the scheduler against a simulated engine.
struct Simulate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Replay requests against the scheduler with a simulated engine: goodput and latency against load.",
        usage: """
            apus simulate [--curve FIXED+PER_ROW | --curve-file FILE] [--slo MS] [--threads N] [--loads LIST] [options]
            apus simulate --burst FROM:FOR:LOAD [options]
            apus simulate --trace FILE [options]
            """,
        discussion: """
            The scheduler is the one that serves; only the engine and the clock are simulated, so that a minute takes \
            a fraction of a second and the same command always gives the same numbers.

            Loads are multiples of the capacity: what a bare loop reaches that runs the best batch size back to back, \
            with half of the objective for a run (a request waits for one batch and runs in the next). CEILING is what \
            such a loop reaches of the requests offered, when it may choose the batch size for that load; nothing that \
            runs batches of one size does better. RATIO is goodput to that ceiling.

            EXAMPLES
              A model that takes 2 ms and 0.1 ms a row, an objective of 25 ms:
                apus simulate --curve 2+0.1 --slo 25

              The same with TensorFlow Serving's queue, as a tuner might set it:
                apus simulate --curve 2+0.1 --slo 25 --policy fifo --max-batch-size 96 --max-enqueued-batches 1

              A burst of three times the capacity from second 2 to 12, half of it before and after:
                apus simulate --curve 2+0.1 --slo 25 --burst 2:10:3 --loads 0.5

              Requests with 10, 50 or 200 ms to live, on 4 threads, as a picture:
                apus simulate --slo 10,50,200 --threads 4 --svg goodput.svg

              The curves that a server learnt, and the requests of a log:
                curl -s localhost:8501/v1/models/m/scheduler > m.json
                apus simulate --curve-file m.json --trace requests.csv

            A trace has a line `arrival_ms,rows,deadline_ms[,priority,tenant,model]` for each request; an empty \
            deadline_ms is none, and deadlines count from the arrival.
            """
    )

    @OptionGroup(title: "Engine") var engine: SimulatedEngineOptions
    @OptionGroup(title: "Requests") var requests: SimulatedRequestOptions
    @OptionGroup(title: "Scheduler") var scheduler: SimulatedSchedulerOptions

    @Option(help: ArgumentHelp("Writes goodput and latency against load as a picture.", valueName: "file.svg"))
    var svg: String?

    @Option(help: "The same seed gives the same numbers.")
    var seed: UInt64 = 1

    func run() async throws {
        var study = LoadStudy(curve: try engine.simulatedCurve(), threads: engine.threads, noise: engine.noise)
        study.policy = scheduler.simulated
        study.budgets = try requests.budgets()
        study.sizes = try requests.sizes()
        study.seconds = requests.seconds
        study.seed = seed
        let loads = try requests.loadList()
        if let trace = requests.trace {
            print(SimulationReport.text(study.replay(try TraceText.requests(try SimulationFile.text(trace)))))
        } else if let burst = try requests.burstPlan() {
            print(SimulationReport.text(study.burst(burst, base: loads[0])))
        } else {
            let points = await study.sweep(loads)
            print(SimulationReport.text(points, study))
            if let svg { try SimulationFile.write(SimulationReport.svg(points, study), to: svg) }
        }
    }
}

/// Files that `apus simulate` reads and writes.
enum SimulationFile {
    private static let limit = 1 << 30

    static func text(_ path: String) throws -> String {
        String(decoding: try LocalFile.contents(of: path, limit: limit), as: UTF8.self)
    }

    static func write(_ text: String, to path: String) throws { try BenchFiles.write(text, to: path) }
}
