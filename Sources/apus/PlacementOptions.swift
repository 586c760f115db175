import ArgumentParser
import ModelServing
import ServingConfig

/// Where models go.
struct PlacementOptions: ParsableArguments {
    enum Mode: String, ExpressibleByArgument, CaseIterable, Sendable {
        case auto
        case off
    }

    @Option(
        help: ArgumentHelp(
            "auto puts each model on a device by the memory it needs, and keeps each device within its budget.",
            discussion: """
                The devices are those of --device or --devices-file, else the engine's: its GPUs, or the CPU. Naming \
                devices turns it on; off (the default) leaves models where their graphs say. apus plan shows what would \
                be done. A model's own wishes are in the configuration file: apus { device: "GPU:1" }.
                """
        )
    )
    var placement: Mode?

    @OptionGroup var devices: DeviceOptions

    @Option(
        name: .customLong("cpu-group"),
        help: ArgumentHelp(
            "Threads for models with apus { cpu_group: \"NAME\" }, like batch=0.5 or batch=2@2-3; repeat for more.",
            discussion: """
                Below 1 it is a part of the cores the process may use, else a number of threads; after @ the cores they \
                are kept to. Models of a group run on its threads only, so that they cannot take the others'.
                """,
            valueName: "name=share"
        )
    )
    var cpuGroups: [CPUGroupArgument] = []

    struct CPUGroupArgument: ExpressibleByArgument, Sendable {
        let group: ServerConfiguration.CPUGroup

        init?(argument: String) {
            guard let group = try? ServerConfiguration.CPUGroup(argument) else { return nil }
            self.group = group
        }
    }

    func validate() throws {
        if placement == .off, devices.areNamed {
            throw ValidationError("--placement off and devices to place models on exclude each other")
        }
    }

    func apply(to configuration: inout ServerConfiguration) {
        if placement == .auto || placement == nil && devices.areNamed { configuration.placement = devices.placement }
        configuration.cpuGroups = cpuGroups.map(\.group)
    }
}

/// Devices and how much models may take there.
struct DeviceOptions: ParsableArguments {
    /// `NAME=SIZE`.
    struct NamedSize: ExpressibleByArgument, Sendable {
        let device: ServerConfiguration.Placement.Device

        init?(argument: String) {
            guard let device = ServerConfiguration.Placement.Device(argument) else { return nil }
            self.device = device
        }
    }

    @Option(
        help: ArgumentHelp(
            "A device and the memory that models may take on it, like GPU:0=15GB or CPU:1=240MB; repeat for more.",
            discussion: """
                CPU:0, CPU:1 and so on are one processor, kept apart in the plan and in the engine: for tests, and for \
                shares of memory.
                """,
            valueName: "name=size"
        )
    )
    var device: [NamedSize] = []

    @Option(
        help: ArgumentHelp(
            "Text file with a line `device NAME SIZE` for each device, in place of --device.",
            discussion: "A server looks at it again and again: when it changes, the plan is redone and models move.",
            valueName: "file"
        )
    )
    var devicesFile: String?

    var areNamed: Bool { !device.isEmpty || devicesFile != nil }

    var placement: ServerConfiguration.Placement {
        var placement = ServerConfiguration.Placement()
        placement.devices = device.map(\.device)
        placement.devicesFile = devicesFile.map(AbsolutePath.of)
        return placement
    }
}
