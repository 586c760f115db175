import EngineInterface
import ServingPrimitives
import Tensors
import Testing

@testable import EngineProcess

@Suite struct MessageTests {
    /// What `read` makes of what `write` wrote.
    private func carry<Value>(
        _ write: (inout MessageWriter) -> Void,
        _ read: (inout MessageReader) throws(ServingError) -> Value
    ) throws -> Value {
        try MessageReader.read(try MessageWriter.bytes(limit: 1 << 20, write), read)
    }

    @Test func `tensors of every width arrive as they were`() throws {
        for type in ElementType.allCases {
            guard let width = type.byteWidth else { continue }
            var buffer = try TensorBuffer(type, TensorShape([3, 2]))
            buffer.withUnsafeMutableBytes { for index in $0.indices { $0[index] = UInt8(index + width) } }
            let tensor = buffer.freeze()
            // A flag in front, so that the elements do not begin where the message does.
            let arrived = try carry {
                $0.write(true)
                $0.write(tensor)
            } _: { (reader) throws(ServingError) in
                _ = try reader.flag()
                return try reader.tensor()
            }
            #expect(arrived.elementType == type)
            #expect(arrived.shape == tensor.shape)
            arrived.withUnsafeBytes { bytes in
                #expect(bytes.elementsEqual((0..<6 * width).map { UInt8($0 + width) }))
                #expect(Int(bitPattern: bytes.baseAddress) % TensorBuffer.alignment == 0)
            }
        }
    }

    @Test func `strings arrive, also empty ones and bytes that are no text`() throws {
        let strings: [[UInt8]] = [[0xff, 0], [], Array("héllo".utf8), [UInt8](repeating: 7, count: 10_000)]
        let tensor = try Tensor(TensorShape([2, 2]), strings: strings)
        let arrived = try carry {
            $0.write(tensor)
        } _: { (reader) throws(ServingError) in
            try reader.tensor()
        }
        #expect(arrived.stringValues() == strings)
        #expect(try arrived.copied().stringValues() == strings)
    }

    @Test func `tensors without elements and scalars arrive`() throws {
        for shape in [TensorShape.scalar, .vector(0), try TensorShape([0, 5])] {
            let tensor = try Tensor(.int64, shape, scalars: [Int64](repeating: 9, count: shape.elementCount))
            let arrived = try carry {
                $0.write(tensor)
            } _: { (reader) throws(ServingError) in
                try reader.tensor()
            }
            #expect(arrived.shape == shape)
            #expect(arrived.scalars(as: Int64.self) == tensor.scalars(as: Int64.self))
        }
    }

    @Test func `a signature arrives whole`() throws {
        let signature = Signature(
            name: "serving_default",
            methodName: "tensorflow/serving/predict",
            inputs: [
                .init(name: "x", elementType: .float32, shape: [-1, 3], tensorName: "x:0"),
                .init(
                    name: "k",
                    elementType: nil,
                    shape: nil,
                    tensorName: "k:0",
                    defaultValue: try Tensor(.int32, .scalar, scalars: [5 as Int32])
                ),
            ],
            outputs: [.init(name: "y", elementType: .string, shape: [], tensorName: "y:0")],
            definition: [1, 2, 3]
        )
        let arrived = try carry {
            $0.write(signature)
        } _: { (reader) throws(ServingError) in
            try reader.signature()
        }
        #expect(arrived.name == signature.name)
        #expect(arrived.methodName == signature.methodName)
        #expect(arrived.definition == signature.definition)
        #expect(arrived.inputs.map(\.name) == ["k", "x"])
        #expect(arrived.inputs.map(\.elementType) == [nil, .float32])
        #expect(arrived.inputs.map(\.shape) == [nil, [-1, 3]])
        #expect(arrived.inputs[0].defaultValue?.scalars(as: Int32.self) == [5])
        #expect(arrived.inputs[1].defaultValue == nil)
        #expect(arrived.outputs.map(\.tensorName) == ["y:0"])
        #expect(arrived.outputs.map(\.shape) == [[]])
    }

    @Test func `requests, errors and events arrive whole`() throws {
        var load = LoadRequest(path: "/models/m/1")
        load.tags = ["serve", "gpu"]
        load.device = DeviceName("CPU:2")
        load.measuresFirstRun = false
        let loaded = try carry {
            $0.write(load)
        } _: { (reader) throws(ServingError) in
            try reader.loadRequest()
        }
        #expect(loaded.path == load.path)
        #expect(loaded.tags == load.tags)
        #expect(loaded.device == load.device)
        #expect(!loaded.measuresFirstRun)
        // A field that is added must be carried, too; who answers what a model asks of others is of this process, and who
        // has tables of each.
        #expect(loaded.remotePredictor == nil && loaded.tableKeeper == nil)
        #expect(
            Mirror(reflecting: load).children.map(\.label)
                == ["path", "tags", "device", "measuresFirstRun", "remotePredictor", "tableKeeper"]
        )

        let run = RunRequest(
            signature: 2,
            inputs: [try Tensor(.float32, .vector(1), scalars: [2 as Float])],
            outputs: [1, 0],
            deadline: Deadline(MonotonicTime(nanoseconds: 77)),
            expectedNanoseconds: 99
        )
        let (request, isTraced) = try carry {
            $0.write(run)
        } _: { (reader) throws(ServingError) in
            try reader.runRequest()
        }
        #expect(request.signature == 2)
        #expect(request.inputs.map { $0.scalars(as: Float.self) } == [[2]])
        #expect(request.outputs == [1, 0])
        #expect(request.deadline == run.deadline)
        #expect(request.expectedNanoseconds == 99)
        #expect(!isTraced)
        #expect(Mirror(reflecting: run).children.count == 6)

        for retry in [nil, 5 as UInt64?] {
            let error = ServingError(.resourceExhausted, "tümult", retryAfterNanoseconds: retry)
            #expect(
                try carry {
                    $0.write(error)
                } _: { (reader) throws(ServingError) in
                    try reader.error()
                } == error
            )
        }
        let event = TraceEvent(
            .operation,
            name: "a",
            operation: "MatMul",
            device: "/cpu:0",
            thread: 3,
            start: -5,
            duration: 6
        )
        #expect(
            try carry {
                $0.write(event)
            } _: { (reader) throws(ServingError) in
                try reader.traceEvent()
            } == event
        )
    }

    @Test func `what does not fit is told`() throws {
        let tensor = try Tensor(.float64, .vector(100), scalars: [Double](repeating: 1, count: 100))
        #expect(
            throws: ServingError(
                .resourceExhausted,
                "The tensors of a run need more than the 500 bytes that are shared with an engine process"
            )
        ) {
            try MessageWriter.bytes(limit: 500) { $0.write(tensor) }
        }
    }

    /// A message cut anywhere, and one with any byte changed, is refused or read as something else: never past its end.
    @Test func `damaged messages are refused`() throws {
        let run = RunRequest(
            signature: 0,
            inputs: [
                try Tensor(TensorShape([2]), strings: [Array("a".utf8), Array("bc".utf8)]),
                try Tensor(.int16, .vector(3), scalars: [1 as Int16, 2, 3]),
            ],
            outputs: [0]
        )
        let bytes = try MessageWriter.bytes(limit: 4096) { $0.write(run) }
        for count in 0..<bytes.count {
            #expect(throws: ServingError.self) {
                try MessageReader.read(Array(bytes[..<count])) { (reader) throws(ServingError) in
                    try reader.runRequest().request.outputs
                }
            }
        }
        for index in bytes.indices {
            for change in [0xff, 0x80, 0x01] as [UInt8] {
                var changed = bytes
                changed[index] ^= change
                _ = try? MessageReader.read(changed) { (reader) throws(ServingError) in
                    try reader.runRequest().request.inputs.map {
                        $0.elementType == .string ? $0.stringValues().count : 0
                    }
                }
            }
        }
    }

    @Test func `signatures are the same whatever order their definition is written in`() {
        func signature(type: ElementType = .float32, method: String = "predict", definition: [UInt8]) -> [Signature] {
            let input = Signature.Parameter(name: "x", elementType: type, shape: [-1], tensorName: "x:0")
            return [Signature(name: "s", methodName: method, inputs: [input], outputs: [], definition: definition)]
        }
        let before = signature(definition: [1, 2])
        #expect(before.describeTheSame(as: signature(definition: [2, 1])))
        #expect(!before.describeTheSame(as: signature(type: .int32, definition: [1, 2])))
        #expect(!before.describeTheSame(as: signature(method: "other", definition: [1, 2])))
        #expect(!before.describeTheSame(as: []))
    }
}
