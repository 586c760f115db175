import ArgumentParser
import ServingConfig
import ServingPrimitives

/// What the scheduler can be told; it needs none of it.
struct SchedulingOptions: ParsableArguments {
    @Flag(
        name: .customLong("adaptive-batching"),
        inversion: .prefixedNo,
        help: "Run requests together that wait for the same model, where that is cheaper."
    )
    var batches = true

    @Option(
        name: .customLong("latency-slo"),
        help: ArgumentHelp(
            "How soon answers are wanted where the caller does not say, like 25ms or resnet=80ms,5ms.",
            discussion: "What cannot be in time is refused at once, with the time to try again.",
            valueName: "time"
        )
    )
    var objectives: Objectives?

    @Option(
        name: .customLong("pad"),
        help: ArgumentHelp(
            "A model whose rows of different lengths may share a batch, filled up to the longest; repeat for more.",
            valueName: "model"
        )
    )
    var paddedModels: [String] = []

    struct Objectives: ExpressibleByArgument, Sendable {
        let objectives: LatencyObjectives

        init?(argument: String) {
            guard let objectives = try? LatencyObjectives(argument) else { return nil }
            self.objectives = objectives
        }
    }

    func apply(to configuration: inout ServerConfiguration) {
        configuration.scheduling.batches = batches
        configuration.scheduling.objectives = objectives?.objectives ?? LatencyObjectives()
        configuration.scheduling.paddedModels = Set(paddedModels)
    }
}
