package import EngineInterface
package import ModelSignatures

/// Reads what TensorFlow says of a traced run: a `tensorflow.RunMetadata` with its `StepStats`. Field numbers are those of
/// tensorflow/core/protobuf/config.proto and tensorflow/core/framework/step_stats.proto.
package enum StepStats {
    /// The operations of the run.
    package static func operations(
        inRunMetadata bytes: UnsafeRawBufferPointer
    ) throws(ProtobufReader.Malformed) -> [TraceEvent] {
        var events: [TraceEvent] = []
        var metadata = ProtobufReader(bytes)
        while let (field, value) = try metadata.next() {
            guard field == 1, case .bytes(let stats) = value else { continue }
            var devices = ProtobufReader(stats)
            while let (field, value) = try devices.next() {
                if field == 1, case .bytes(let device) = value { try readDevice(device, into: &events) }
            }
        }
        return events
    }

    /// DeviceStepStats: device = 1, node_stats = 2.
    private static func readDevice(
        _ bytes: UnsafeRawBufferPointer,
        into events: inout [TraceEvent]
    ) throws(ProtobufReader.Malformed) {
        var name = ""
        let first = events.count
        var reader = ProtobufReader(bytes)
        while let (field, value) = try reader.next() {
            guard case .bytes(let bytes) = value else { continue }
            if field == 1 { name = String(decoding: bytes, as: UTF8.self) }
            if field == 2 { events.append(try operation(bytes)) }
        }
        for index in events.indices[first...] { events[index].device = name }
    }

    /// NodeExecStats. The times in nanoseconds are newer than those in microseconds.
    private static func operation(_ bytes: UnsafeRawBufferPointer) throws(ProtobufReader.Malformed) -> TraceEvent {
        var event = TraceEvent(.operation, name: "", thread: 0, start: 0, duration: 0)
        var microseconds: (start: Int64, duration: Int64) = (0, 0)
        var reader = ProtobufReader(bytes)
        while let (field, value) = try reader.next() {
            switch (field, value) {
            case (1, .bytes(let name)): event.name = String(decoding: name, as: UTF8.self)
            case (2, .varint(let time)): microseconds.start = Int64(bitPattern: time)
            case (5, .varint(let time)): microseconds.duration = Int64(bitPattern: time)
            case (8, .bytes(let label)): event.operation = operationType(label)
            case (10, .varint(let thread)): event.thread = UInt32(truncatingIfNeeded: thread)
            case (13, .varint(let time)): event.start = Int64(bitPattern: time)
            case (16, .varint(let time)): event.duration = Int64(bitPattern: time)
            default: continue
            }
        }
        if event.start <= 0 { event.start = microseconds.start &* 1000 }
        if event.duration <= 0 { event.duration = max(microseconds.duration, 0) &* 1000 }
        return event
    }

    /// A label reads like `[CPU] 0.1MB dense/MatMul = MatMul(x, w)`.
    private static func operationType(_ label: UnsafeRawBufferPointer) -> String {
        let equals = UInt8(ascii: "=")
        guard let sign = label.firstIndex(of: equals) else { return "" }
        let type = label[(sign + 1)...].drop { $0 == UInt8(ascii: " ") }.prefix { $0 != UInt8(ascii: "(") }
        return String(decoding: type, as: UTF8.self)
    }
}
