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

    func run() throws {
        let subject = try Subject(
            model: model,
            signature: signature,
            rows: rows,
            options: TensorFlowOptions(libraryPath: tensorflowLibrary)
        )
        var measurements: [Measurement] = []
        if bare || !engine { measurements.append(Measurement(name: "bare", run: subject.runBare)) }
        if engine { measurements.append(Measurement(name: "engine", run: subject.runEngine)) }
        Measurement.take(&measurements, runs: runs)
        print(json(measurements))
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
