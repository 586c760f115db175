import EngineInterface
import Logging
import Servables
import ServingPrimitives

/// Where the operations of a run were, against where the plan wanted them.
struct PlacementCheck: Hashable {
    let device: DeviceName
    /// Operations by device.
    private(set) var operations: [DeviceName: Int] = [:]
    /// Types of the operations that were elsewhere.
    private(set) var strangers: Set<String> = []

    /// What begins and ends a run and carries tensors between devices: TensorFlow's own affair, and on the first CPU by
    /// design.
    private static let bookkeeping: Set<String> = [
        "_Arg", "_Retval", "NoOp", "_Send", "_Recv", "_HostSend", "_HostRecv", "RecvTensor",
    ]

    init(_ events: some Sequence<TraceEvent>, _ device: DeviceName) {
        self.device = device
        for event in events where event.kind == .operation {
            let operation = event.operation.isEmpty ? event.name : event.operation
            guard !Self.bookkeeping.contains(operation), let place = DeviceName(event.device) else { continue }
            operations[place, default: 0] += 1
            if place != device { strangers.insert(operation) }
        }
    }

    /// Whether all operations were where they should be, and there were some.
    var isAsPlanned: Bool { !operations.isEmpty && strangers.isEmpty }

    func log(_ id: ServableID, to logger: Logger) {
        var metadata: Logger.Metadata = [
            "model": "\(id.name)", "version": "\(id.version)", "device": "\(device)",
            "operations": .string(
                operations.sorted { "\($0.key)" < "\($1.key)" }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
            ),
        ]
        if isAsPlanned { return logger.info("The trace of a run confirms the plan", metadata: metadata) }
        metadata["elsewhere"] = .array(strangers.sorted().prefix(20).map { .string($0) })
        // An accelerator has not every operation; those of inputs and of texts are the processor's.
        logger.log(
            level: device.isCPU || operations[device] == nil ? .warning : .info,
            "The trace of a run shows operations on other devices than planned",
            metadata: metadata
        )
    }
}
