import EngineInterface
import ServingProtos

/// The events of the host or of one device, while an XPlane is made of them.
struct ProfilePlane {
    private struct LineKey: Hashable, Comparable {
        var kind: TraceEvent.Kind
        var thread: UInt32

        /// Runs come above the operations.
        static func < (a: LineKey, b: LineKey) -> Bool {
            a.kind == b.kind ? a.thread < b.thread : a.kind == .run
        }
    }

    private static let hostName = "/host:CPU"
    /// Id of the stat that says which run an event belongs to, and its name in TensorFlow's traces.
    private static let step: (id: Int64, name: String) = (1, "step_id")

    private var lines: [LineKey: [Tensorflow_Profiler_XEvent]] = [:]
    private var metadata: [String: Tensorflow_Profiler_XEventMetadata] = [:]

    /// `/job:localhost/replica:0/task:0/device:GPU:0` is `/device:GPU:0`; what runs on a CPU belongs to the host. Devices of
    /// a cluster's workers keep their names.
    static func name(of device: String) -> String {
        if device.hasPrefix("/job:"), !device.hasPrefix("/job:localhost/") { return device }
        guard let separator = device.utf8.lastIndex(of: UInt8(ascii: "/")) else { return hostName }
        let name = device[separator...]
        return name.hasPrefix("/device:CPU") ? hostName : String(name)
    }

    /// - Parameter start: Unix time in nanoseconds that events are counted from.
    mutating func add(_ event: TraceEvent, run: Int64, from start: Int64) {
        var step = Tensorflow_Profiler_XStat()
        step.metadataID = Self.step.id
        step.int64Value = run
        var encoded = Tensorflow_Profiler_XEvent()
        encoded.metadataID = metadataID(of: event)
        encoded.offsetPs = Self.picoseconds(event.start &- start)
        encoded.durationPs = Self.picoseconds(event.duration)
        encoded.stats = [step]
        lines[LineKey(kind: event.kind, thread: event.thread), default: []].append(encoded)
    }

    private mutating func metadataID(of event: TraceEvent) -> Int64 {
        let name = event.operation.isEmpty ? event.name : "\(event.name):\(event.operation)"
        if let known = metadata[name] { return known.id }
        var new = Tensorflow_Profiler_XEventMetadata()
        new.id = Int64(metadata.count + 1)
        new.name = name
        new.displayName = event.operation
        metadata[name] = new
        return new.id
    }

    func encoded(id: Int64, name: String, start: Int64) -> Tensorflow_Profiler_XPlane {
        var plane = Tensorflow_Profiler_XPlane()
        plane.id = id
        plane.name = name
        for metadata in metadata.values { plane.eventMetadata[metadata.id] = metadata }
        var step = Tensorflow_Profiler_XStatMetadata()
        step.id = Self.step.id
        step.name = Self.step.name
        plane.statMetadata[step.id] = step
        plane.lines = lines.sorted { $0.key < $1.key }.enumerated().map { index, line in
            var encoded = Tensorflow_Profiler_XLine()
            encoded.id = Int64(index + 1)
            encoded.name = line.key.kind == .run ? "Runs of thread \(line.key.thread)" : "Thread \(line.key.thread)"
            encoded.timestampNs = start
            encoded.events = line.value.sorted { ($0.offsetPs, $1.durationPs) < ($1.offsetPs, $0.durationPs) }
            return encoded
        }
        return plane
    }

    private static func picoseconds(_ nanoseconds: Int64) -> Int64 {
        let (product, overflow) = max(nanoseconds, 0).multipliedReportingOverflow(by: 1000)
        return overflow ? .max : product
    }
}
