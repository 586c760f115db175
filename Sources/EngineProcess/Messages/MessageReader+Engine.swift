package import EngineInterface
package import ServingPrimitives
package import Tensors

extension MessageReader {
    mutating func engineRequest() throws(ServingError) -> EngineRequest {
        guard let kind = EngineRequest(rawValue: try number()) else { throw Self.damaged("asks for something unknown") }
        return kind
    }

    mutating func loadRequest() throws(ServingError) -> LoadRequest {
        let path = try text()
        let tags = try list { (reader) throws(ServingError) in try reader.text() }
        let device = try text()
        guard device.isEmpty || DeviceName(device) != nil else { throw Self.damaged("names a device that is none") }
        var request = LoadRequest(path: path, tags: tags, device: DeviceName(device))
        request.measuresFirstRun = try flag()
        return request
    }

    /// The request, and whether a trace of it is wanted.
    package mutating func runRequest() throws(ServingError) -> (request: RunRequest, isTraced: Bool) {
        let request = RunRequest(
            signature: try index(),
            inputs: try list { (reader) throws(ServingError) in try reader.tensor() },
            outputs: try list { (reader) throws(ServingError) in try reader.index() },
            deadline: Deadline(MonotonicTime(nanoseconds: try number())),
            expectedNanoseconds: try number()
        )
        return (request, try flag())
    }

    package mutating func signature() throws(ServingError) -> Signature {
        Signature(
            name: try text(),
            methodName: try text(),
            inputs: try list { (reader) throws(ServingError) in try reader.parameter() },
            outputs: try list { (reader) throws(ServingError) in try reader.parameter() },
            definition: try bytes(),
            sharesBatches: try flag()
        )
    }

    mutating func error() throws(ServingError) -> ServingError {
        let code = CanonicalCode(rawValue: .init(try number(UInt8.self))) ?? .unknown
        return ServingError(
            code,
            try text(),
            retryAfterNanoseconds: try optional { (reader) throws(ServingError) in try reader.number() }
        )
    }

    /// - Throws: the error that an answer is.
    mutating func checkSuccess() throws(ServingError) {
        guard try flag() else { throw try error() }
    }

    /// The outputs that an answer to a run gives, `count` of them; what it tells of the run goes to `trace`.
    package mutating func outputs(of count: Int, trace: RunTrace?) throws(ServingError) -> [Tensor] {
        try checkSuccess()
        let tensors = try list { (reader) throws(ServingError) in try reader.tensor() }
        guard tensors.count == count else { throw Self.damaged("has \(tensors.count) outputs in place of \(count)") }
        let events = try list { (reader) throws(ServingError) in try reader.traceEvent() }
        trace?.add(events)
        return tensors
    }

    mutating func traceEvent() throws(ServingError) -> TraceEvent {
        TraceEvent(
            try flag() ? .run : .operation,
            name: try text(),
            operation: try text(),
            device: try text(),
            thread: try number(),
            start: try number(),
            duration: try number()
        )
    }

    private mutating func parameter() throws(ServingError) -> Signature.Parameter {
        Signature.Parameter(
            name: try text(),
            elementType: try optional { (reader) throws(ServingError) in try reader.elementType() },
            shape: try optional { (reader) throws(ServingError) in
                try reader.list { (reader) throws(ServingError) in Int(try reader.number(Int64.self)) }
            },
            tensorName: try text(),
            defaultValue: try optional { (reader) throws(ServingError) in try reader.tensor().copied() }
        )
    }

    private mutating func elementType() throws(ServingError) -> ElementType {
        guard let type = ElementType(rawValue: try number()) else { throw Self.damaged("has an unknown element type") }
        return type
    }

    /// A position in a list, which is checked where the list is.
    private mutating func index() throws(ServingError) -> Int {
        guard let index = Int(exactly: try number(UInt64.self)) else { throw Self.damaged("has a wrong position") }
        return index
    }
}

extension Tensor {
    /// The same elements in memory of their own.
    func copied() throws(ServingError) -> Tensor {
        do throws(TensorError) {
            guard elementType == .string else {
                var buffer = try TensorBuffer(elementType, shape)
                withUnsafeBytes { bytes in buffer.withUnsafeMutableBytes { $0.copyMemory(from: bytes) } }
                return buffer.freeze()
            }
            var builder = StringTensorBuilder()
            withStrings { strings in for string in strings { builder.append(UnsafeRawBufferPointer(string.bytes)) } }
            return try builder.finish(shape)
        } catch {
            throw ServingError(.resourceExhausted, error.message)
        }
    }
}
