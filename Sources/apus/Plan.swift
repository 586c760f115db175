import ArgumentParser
import ModelServing
import ModelTools
import ServingConfig
import ServingPrimitives

/// `apus plan`: which model goes to which device, before anything runs.
struct Plan: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show which model goes to which device, and what does not fit and why, before anything runs.",
        usage: """
            apus plan --device NAME=SIZE [--device NAME=SIZE ...] --model NAME=PATH [--model NAME=PATH ...]
            apus plan --device NAME=SIZE ... --config FILE
            apus plan --device NAME=SIZE ... --model-repository DIR
            apus plan --describe FILE
            """,
        discussion: """
            This is what apus serve --placement auto does with the same devices and models: memory is never more than a \
            device's budget, pins win, what belongs together shares a device, load and memory are spread evenly. Nothing is \
            loaded: how much a model takes is what a server has measured and remembers (--model-cache-state), or else told \
            from its files (its variables, 20 times its graph, 5 times its constants); the plan says which.

            EXAMPLES
              Twelve models of 4 GB on four devices of 15 GB, before there is any of them:
                printf 'device GPU:%d 15GB\\n' 0 1 2 3 > case.txt
                echo 'model m 4GB count=12' >> case.txt
                apus plan --describe case.txt --svg case.svg

              A thirteenth, and what happens when a device is lost:
                echo 'model one-more 4GB' >> case.txt
                apus plan --describe case.txt
                apus plan --describe case.txt --lose GPU:3

              The models of a configuration file on two CPU devices:
                apus plan --config models.config --device CPU:0=240MB --device CPU:1=240MB

              Every model of a folder, on the devices that TensorFlow finds:
                apus plan --model-repository models

            A description has a line `device NAME SIZE` for each device and `model NAME SIZE [KEY=VALUE ...]` for each \
            model; the keys are version, count (so many models of that kind), load (how much it is used, compared with \
            the others), replicas, max-replicas (more while it is hot), device (pins: GPU:1 or GPU:0,GPU:1), together and \
            apart (a name for those that share a device, or must not). # begins a comment. Devices given with --device \
            replace those of the description.

            The exit status is 0 when every model has a place, 1 when one has not.
            """
    )

    @Option(
        name: [.customLong("model"), .customShort("m")],
        help: ArgumentHelp("A model and the folder of its versions; repeat for more.", valueName: "name=path")
    )
    var models: [ModelOptions.NamedPath] = []

    @Option(help: ArgumentHelp("Text file with a ModelServerConfig that lists the models.", valueName: "file"))
    var config: String?

    @Option(help: ArgumentHelp("Folder with a sub-folder of versions for each model.", valueName: "folder"))
    var modelRepository: String?

    @Option(help: ArgumentHelp("Text file that describes models, and devices if it likes.", valueName: "file"))
    var describe: String?

    @OptionGroup(title: "Devices") var devices: DeviceOptions

    @Option(help: ArgumentHelp("Show what would move if this device were gone; repeat for more.", valueName: "name"))
    var lose: [String] = []

    @Option(help: ArgumentHelp("Write a picture of the devices and what is on them.", valueName: "file.svg"))
    var svg: String?

    @Option(
        help: ArgumentHelp(
            "File in which a server remembers what models took; auto is its usual place, none estimates all.",
            valueName: "file"
        )
    )
    var modelCacheState = "auto"

    @Flag(help: "Print the plan as JSON.")
    var json = false

    @Option(help: ArgumentHelp("libtensorflow_cc.so.2, to ask for devices.", valueName: "path"))
    var tensorflowLibrary: String?

    func validate() throws {
        let sources = [!models.isEmpty, config != nil, modelRepository != nil, describe != nil].filter(\.self).count
        if sources != 1 {
            throw ValidationError("Name the models with one of --model, --config, --model-repository and --describe")
        }
        for problem in ServerConfiguration.Placement.problems(of: devices.device.map(\.device)) {
            throw ValidationError(problem)
        }
        if !devices.device.isEmpty, devices.devicesFile != nil {
            throw ValidationError("--device and --devices-file both name the devices; give one of them")
        }
    }

    func run() throws {
        let (demands, described, problems) = try question()
        let places = try described ?? inventory()
        let clock = ContinuousClock()
        let start = clock.now
        var plan = PlacementPlanner.plan(demands, on: places)
        if !lose.isEmpty { plan = PlacementPlanner.plan(demands, on: try remaining(places), after: plan) }
        let elapsed = clock.now - start
        for problem in problems { BenchFiles.writeToStandardError("apus plan: \(problem)\n") }
        print(json ? plan.json : plan.text())
        if !json { BenchFiles.writeToStandardError("planned in \(Self.milliseconds(elapsed)) ms\n") }
        if let svg { try BenchFiles.write(PlacementPicture(plan, title: title).svg, to: svg) }
        if !plan.refusals.isEmpty || !problems.isEmpty { throw ExitCode(1) }
    }

    private var title: String {
        let lost = lose.isEmpty ? "" : " without \(lose.joined(separator: ", "))"
        return "\(describe ?? config ?? modelRepository ?? "Models") on devices\(lost)"
    }

    private static func milliseconds(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let microseconds = seconds * 1_000_000 + attoseconds / 1_000_000_000_000
        return "\(microseconds / 1000).\(microseconds / 100 % 10)"
    }

    // MARK: The question

    /// Models, devices where the models bring them along, and what cannot be planned.
    private func question() throws -> (demands: [PlacementDemand], devices: [PlacementDevice]?, problems: [String]) {
        if let describe {
            let text = String(decoding: try LocalFile.contents(of: describe, limit: 64 << 20), as: UTF8.self)
            do throws(ServingError) {
                let description = try PlacementDescription(text)
                let own = devices.areNamed || description.devices.isEmpty ? nil : description.devices
                return (description.demands, own, [])
            } catch {
                throw ValidationError("\(describe), \(error.message)")
            }
        }
        var cache = ServerConfiguration.ModelCache()
        cache.setStateFile(modelCacheState)
        let costs = MeasuredCosts(cache)
        let survey = PlacementSurvey(of: try configured(), measured: costs.bytes)
        return (survey.demands, nil, survey.problems)
    }

    private func configured() throws -> [ServerConfiguration.Model] {
        var found = models.map { ServerConfiguration.Model(name: $0.name, basePath: AbsolutePath.of($0.path)) }
        if let config { found = try ModelConfigurationFile(path: AbsolutePath.of(config)).read().models }
        if let modelRepository {
            let folder = AbsolutePath.of(modelRepository)
            guard let names = LocalFolder.names(in: folder) else {
                throw ValidationError("the folder \(modelRepository) cannot be read")
            }
            found = names.sorted().filter { !$0.hasPrefix(".") && LocalFolder.names(in: "\(folder)/\($0)") != nil }.map
            {
                ServerConfiguration.Model(name: $0, basePath: "\(folder)/\($0)")
            }
        }
        if let error = ServingError.listing(ServerConfiguration.Model.problems(of: found)) { throw error }
        return found
    }

    private func inventory() throws -> [PlacementDevice] {
        var engine = ServerConfiguration.Engine()
        engine.libraryPath = tensorflowLibrary
        return try DeviceInventory.devices(devices.placement, engine)
    }

    private func remaining(_ places: [PlacementDevice]) throws -> [PlacementDevice] {
        for name in lose where !places.contains(where: { $0.name == name }) {
            throw ValidationError(
                "--lose \(name): there is no such device, but \(places.map(\.name).joined(separator: ", "))"
            )
        }
        return places.filter { !lose.contains($0.name) }
    }
}
