import ServingPrimitives
public import ServingProtos

/// A profile in the JSON that chrome://tracing, Perfetto and TensorBoard's trace viewer read ("Trace Event Format").
public enum ChromeTrace {
    /// Planes are its processes, lines their threads; times are in microseconds from the start of the profile.
    public static func json(_ space: Tensorflow_Profiler_XSpace) -> [UInt8] {
        var text = TraceText()
        text.begin()
        for plane in space.planes {
            text.name("process_name", plane.name, process: plane.id, thread: nil)
            for line in plane.lines {
                text.name("thread_name", line.name, process: plane.id, thread: line.id)
                for event in line.events { text.add(event, line, plane) }
            }
        }
        text.end(warnings: space.warnings)
        return text.bytes
    }
}

private struct TraceText {
    private(set) var bytes: [UInt8] = []
    private var isFirst = true

    mutating func begin() { append(#"{"displayTimeUnit":"ns","traceEvents":["#) }

    mutating func end(warnings: [String]) {
        append("\n],\"metadata\":{\"warnings\":[")
        for (index, warning) in warnings.enumerated() {
            if index > 0 { append(",") }
            quote(warning)
        }
        append("]}}\n")
    }

    mutating func name(_ kind: String, _ name: String, process: Int64, thread: Int64?) {
        separate()
        append(#"{"ph":"M","pid":\#(process),"#)
        if let thread { append(#""tid":\#(thread),"#) }
        append(#""name":"\#(kind)","args":{"name":"#)
        quote(name)
        append("}}")
    }

    mutating func add(
        _ event: Tensorflow_Profiler_XEvent,
        _ line: Tensorflow_Profiler_XLine,
        _ plane: Tensorflow_Profiler_XPlane
    ) {
        let metadata = plane.eventMetadata[event.metadataID] ?? Tensorflow_Profiler_XEventMetadata()
        separate()
        append(#"{"ph":"X","pid":\#(plane.id),"tid":\#(line.id),"ts":"#)
        appendMicroseconds(event.offsetPs)
        append(#","dur":"#)
        appendMicroseconds(event.durationPs)
        append(#","name":"#)
        quote(metadata.displayName.isEmpty ? metadata.name : metadata.displayName)
        append(#","args":{"long_name":"#)
        quote(metadata.name)
        for stat in event.stats {
            append(#","\#(plane.statMetadata[stat.metadataID]?.name ?? "")":\#(stat.int64Value)"#)
        }
        append("}}")
    }

    private mutating func separate() {
        append(isFirst ? "\n" : ",\n")
        isFirst = false
    }

    private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

    private mutating func appendMicroseconds(_ picoseconds: Int64) {
        let nanoseconds = picoseconds / 1000
        append("\(nanoseconds / 1000).")
        let fraction = nanoseconds % 1000
        if fraction < 100 { append(fraction < 10 ? "00" : "0") }
        append("\(fraction)")
    }

    private mutating func quote(_ text: String) { JSONQuoting.append(text, to: &bytes) }
}
