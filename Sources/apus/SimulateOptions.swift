import ArgumentParser
import Batching
import SchedulerSimulation
import ServingPrimitives

/// The engine that is simulated.
struct SimulatedEngineOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Milliseconds of a run: a part for each run and one for each row.", valueName: "fixed+row")
    )
    var curve = "2+0.1"

    @Option(
        help: ArgumentHelp(
            "Take the run times from the JSON of GET /v1/models/NAME/scheduler instead.",
            valueName: "file"
        )
    )
    var curveFile: String?

    @Option(help: "Threads that run batches.")
    var threads = 1

    @Option(help: "Deviation of a run's time, as a share of it.")
    var noise = 0.1

    func validate() throws {
        guard (1...1024).contains(threads) else { throw ValidationError("--threads is 1 to 1024; not \(threads)") }
        guard (0...1).contains(noise) else { throw ValidationError("--noise is 0 to 1; not \(noise)") }
    }

    func simulatedCurve() throws -> SimulatedCurve {
        guard let curveFile else { return try CurveText.line(curve) }
        return try CurveText.scheduler(try SimulationFile.text(curveFile))
    }
}

/// The requests that come.
struct SimulatedRequestOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Milliseconds from arrival to answer that are still good. With several, requests have them in equal shares; "
                + "\"none\" is no objective.",
            valueName: "ms,..."
        )
    )
    var slo = "25"

    @Option(
        help: ArgumentHelp("Rows of a request. With several, requests have them in equal shares.", valueName: "n,...")
    )
    var rows = "1"

    @Option(help: ArgumentHelp("Loads to simulate, in multiples of the capacity.", valueName: "load,..."))
    var loads = "0.25,0.5,0.75,0.9,1,1.25,1.5,2,2.5,3"

    @Option(help: "Seconds to simulate for each load; a quarter more comes before.")
    var seconds = 4.0

    @Option(
        help: ArgumentHelp(
            "Simulate a burst instead: from a second on, for so many seconds, so many times the capacity. The first of "
                + "the loads comes before and after.",
            valueName: "from:for:load"
        )
    )
    var burst: String?

    @Option(help: ArgumentHelp("Replay the requests of a file instead.", valueName: "file.csv"))
    var trace: String?

    func validate() throws {
        guard seconds > 0, seconds <= 3600 else { throw ValidationError("--seconds is up to 3600; not \(seconds)") }
        if burst != nil, trace != nil { throw ValidationError("--burst and --trace both name the requests; give one") }
        _ = try loadList()
        _ = try budgets()
        _ = try sizes()
        _ = try burstPlan()
    }

    func loadList() throws -> [Double] {
        try loads.split(separator: ",").map { text in
            guard let load = Double(text), load > 0, load <= 100 else {
                throw ValidationError("--loads are multiples of the capacity, up to 100; not \(text)")
            }
            return load
        }
    }

    func budgets() throws -> [UInt64?] {
        try slo.split(separator: ",").map { text in
            if text == "none" { return nil }
            guard let milliseconds = Double(text), milliseconds > 0, milliseconds <= 1e9 else {
                throw ValidationError("--slo is milliseconds or \"none\"; not \(text)")
            }
            return UInt64(milliseconds * 1e6)
        }
    }

    func sizes() throws -> [Int] {
        try rows.split(separator: ",").map { text in
            guard let rows = Int(text), (1...65_536).contains(rows) else {
                throw ValidationError("--rows are 1 to 65536; not \(text)")
            }
            return rows
        }
    }

    func burstPlan() throws -> LoadStudy.Burst? {
        guard let burst else { return nil }
        let parts = burst.split(separator: ":").compactMap { Double($0) }
        guard parts.count == 3, parts.allSatisfy({ $0 > 0 && $0 <= 3600 }) else {
            throw ValidationError("--burst is from:for:load, such as 2:10:3; not \(burst)")
        }
        return LoadStudy.Burst(from: parts[0], seconds: parts[1], load: parts[2])
    }
}

/// The scheduler that is asked.
struct SimulatedSchedulerOptions: ParsableArguments {
    enum Policy: String, ExpressibleByArgument, CaseIterable {
        case adaptive, fifo
    }

    @Option(help: "adaptive is what serves without parameters; fifo is TensorFlow Serving's queue.")
    var policy = Policy.adaptive

    @Option(help: "fifo: the largest batch, in rows.")
    var maxBatchSize = 128

    @Option(help: "fifo: how long the first request of a batch waits for company.")
    var batchTimeoutMicros: UInt64 = 0

    @Option(help: "fifo: batches that wait at most.")
    var maxEnqueuedBatches = 1000

    func validate() throws {
        guard maxBatchSize > 0, maxEnqueuedBatches > 0 else {
            throw ValidationError("--max-batch-size and --max-enqueued-batches are at least 1")
        }
    }

    var simulated: Simulation.Policy {
        guard policy == .fifo else { return .adaptive }
        let wait = batchTimeoutMicros.multipliedReportingOverflow(by: 1000)
        return .batchQueue(
            BatchLimits(
                maximumTaskSize: maxBatchSize,
                maximumWaitNanoseconds: wait.overflow ? .max : wait.partialValue,
                maximumEnqueuedBatches: maxEnqueuedBatches
            )
        )
    }
}
