public import EngineInterface
public import ServingProtos

extension Tensorflow_Profiler_XSpace {
    /// The profile as TensorBoard reads it: a plane for the host and one for each device, in them a line for each thread
    /// that ran operations, and for each thread that ran models a line with the runs as a whole.
    ///
    /// Operations are named `NAME:TYPE`, as TensorFlow's own traces have it.
    ///
    /// - Parameter host: name of this machine.
    public init(_ recording: RunRecording, host: String) {
        self.init()
        hostnames = [host]
        if recording.droppedEvents > 0 {
            warnings = ["\(recording.droppedEvents) events came when the profile was full and are not in it"]
        }
        let start = recording.events.reduce(recording.start) { min($0, $1.event.start) }
        var planes: [String: ProfilePlane] = [:]
        for (event, run) in recording.events {
            planes[ProfilePlane.name(of: event.device), default: ProfilePlane()].add(event, run: run, from: start)
        }
        self.planes = planes.sorted { $0.key < $1.key }.enumerated().map { index, plane in
            plane.value.encoded(id: Int64(index + 1), name: plane.key, start: start)
        }
    }

    /// Whether nothing happened.
    public var isEmptyTrace: Bool { planes.allSatisfy { $0.lines.allSatisfy(\.events.isEmpty) } }
}
