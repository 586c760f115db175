import ArgumentParser
import CTensorFlow
import EngineInterface
import EngineTensorFlow
import ServingPrimitives
import Tensors

/// What a model costs without a server: the C API alone, and with `--engine` our engine on the same session.
///
/// Measures in blocks of runs, alternating when both are asked for, so that a noisy machine disturbs both alike.
@main struct EngineBaseline: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "engine-baseline",
        abstract: "Measures the CPU and wall time of a SavedModel's runs, without a server. Prints JSON."
    )

    @Argument(help: "Folder of one version of a SavedModel.")
    var model: String

    @Option(help: "Rows of the inputs: the first dimension whose size is open.")
    var rows = 1

    @Option(help: "Runs to measure.")
    var runs = 50_000

    @Option(help: "Signature to run.")
    var signature = "serving_default"

    @Option(help: "libtensorflow_cc.so.2; looked for as the server does without it.")
    var tensorflowLibrary: String?

    @Flag(help: "Measure the C API alone: TF_SessionRun in this thread, on tensors made before. The default.")
    var bare = false

    @Flag(help: "Measure TensorFlowEngine's run.")
    var engine = false

    @Option(help: "Whole numbers in the inputs are below this: the size of a vocabulary.")
    var integerLimit = 2

    func validate() throws {
        guard (1...1 << 24).contains(integerLimit) else {
            throw ValidationError("--integer-limit is \(integerLimit); expected a number from 1 to 16777216")
        }
    }

    @Option(help: "Threads that run the model at once in a loop for --seconds: what the model can give at most.")
    var threads = 0

    @Option(help: "How long to measure with --threads.")
    var seconds = 1.0

    func run() throws {
        let subject = try Subject(
            model: model,
            signature: signature,
            rows: rows,
            integerLimit: integerLimit,
            options: TensorFlowOptions(libraryPath: tensorflowLibrary)
        )
        guard threads == 0 else { return print(throughput(of: subject)) }
        var measurements: [Measurement] = []
        if bare || !engine { measurements.append(Measurement(name: "bare", run: subject.runBare)) }
        if engine { measurements.append(Measurement(name: "engine", run: subject.runEngine)) }
        Measurement.take(&measurements, runs: runs)
        print(json(measurements))
    }

    private func throughput(of subject: Subject) -> String {
        let result = Throughput.measure(threads: threads, seconds: seconds, subject.runBare)
        return
            "{\"rows\": \(rows), \"threads\": \(threads), \"rows_per_second\": \(result.runsPerSecond * Double(rows)), "
            + "\"cpu_ns\": \(Int(result.cpuNanoseconds)), \"wall_ns\": \(result.medianNanoseconds)}"
    }

    private func json(_ measurements: [Measurement]) -> String {
        var members = ["\"rows\": \(rows)", "\"runs\": \(runs)"]
        for measurement in measurements {
            members.append(
                "\"\(measurement.name)\": {\"cpu_ns\": \(measurement.cpuNanoseconds), "
                    + "\"wall_ns\": \(measurement.wallNanoseconds)}"
            )
        }
        return "{\(members.joined(separator: ", "))}"
    }
}
