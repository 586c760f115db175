import EngineInterface
import ServingPrimitives
import ServingTestKit
import Synchronization
import Tensors
import Testing

@testable import ModelServing

@Suite struct PlacedModelTests {
    /// A model that counts its runs and its end.
    private final class CountingModel: LoadedModel {
        let signatures: [Signature] = []
        let runs = Atomic<Int>(0)
        let closes = Atomic<Int>(0)
        let during: @Sendable () -> Void

        init(during: @escaping @Sendable () -> Void = {}) { self.during = during }

        func run(_ request: RunRequest) throws(ServingError) -> [Tensor] {
            runs.add(1, ordering: .relaxed)
            request.trace?.add([
                TraceEvent(
                    .operation,
                    name: "w",
                    operation: "MatMul",
                    device: "/device:CPU:1",
                    thread: 1,
                    start: 0,
                    duration: 1
                )
            ])
            during()
            return []
        }

        func close() { closes.add(1, ordering: .relaxed) }

        var counts: [Int] { [runs.load(ordering: .relaxed), closes.load(ordering: .relaxed)] }
    }

    private func device(_ name: String) throws -> DeviceName { try #require(DeviceName(name)) }

    private func placed(
        _ copies: [PlacedModel.Copy],
        check: @escaping @Sendable ([TraceEvent], DeviceName) -> Void = { _, _ in },
        ended: @escaping @Sendable () -> Void = {}
    ) -> PlacedModel { PlacedModel(copies, check: check, ended: ended) }

    private let request = RunRequest(signature: 0, inputs: [], outputs: [])

    @Test func `a copy that is replaced ends after its last run, and the new one runs`() throws {
        let box = Mutex<PlacedModel?>(nil)
        let new = CountingModel()
        let next = PlacedModel.Copy(new, on: try device("CPU:2"))
        let old = CountingModel {
            // The move comes while this run is under way.
            box.withLock { $0 }?.replace(with: [next])
        }
        let model = placed([PlacedModel.Copy(old, on: try device("CPU:1"))])
        box.withLock { $0 = model }
        _ = try model.run(request)
        #expect(old.counts == [1, 1])
        _ = try model.run(request)
        #expect(old.counts == [1, 1])
        #expect(new.counts == [1, 0])
        #expect(model.devices == [try device("CPU:2")])
        box.withLock { $0 = nil }
    }

    @Test func `the end of a version ends its copies once and tells of it`() throws {
        let copies = [CountingModel(), CountingModel()]
        let ends = Atomic<Int>(0)
        let names = ["CPU:0", "CPU:1"]
        // Nobody else may hold the copies.
        let model = placed(
            try zip(copies, names).map { PlacedModel.Copy($0, on: try device($1)) },
            ended: { ends.add(1, ordering: .relaxed) }
        )
        model.close()
        #expect(copies.map(\.counts) == [[0, 1], [0, 1]])
        #expect(ends.load(ordering: .relaxed) == 1)
        #expect(throws: ServingError.unavailable("the model has ended")) { try model.run(request) }
        // A move that comes too late brings nothing back.
        let late = CountingModel()
        model.replace(with: [PlacedModel.Copy(late, on: try device("CPU:1"))])
        #expect(throws: ServingError.self) { try model.run(request) }
        #expect(late.counts == [0, 1])
    }

    @Test func `only the first run of a copy is traced, and where it was is told`() throws {
        let told = Mutex<[PlacementCheck]>([])
        let model = placed([PlacedModel.Copy(CountingModel(), on: try device("CPU:1"))]) { events, device in
            told.withLock { $0.append(PlacementCheck(events, device)) }
        } ended: {
        }
        for _ in 0..<3 { _ = try model.run(request) }
        let checks = told.withLock { $0 }
        #expect(checks.count == 1)
        #expect(checks.first?.isAsPlanned == true)
        #expect(checks.first?.operations == [try device("CPU:1"): 1])
    }

    @Test func `an operation elsewhere is noticed, TensorFlow's own are not`() throws {
        func event(_ type: String, _ device: String) -> TraceEvent {
            TraceEvent(.operation, name: type, operation: type, device: device, thread: 1, start: 0, duration: 1)
        }
        let fine = [event("_Arg", "/device:CPU:0"), event("MatMul", "/device:CPU:2"), event("NoOp", "/device:CPU:0")]
        #expect(PlacementCheck(fine, try device("CPU:2")).isAsPlanned)
        let stray = PlacementCheck(fine + [event("Sum", "/device:CPU:0")], try device("CPU:2"))
        #expect(!stray.isAsPlanned)
        #expect(stray.strangers == ["Sum"])
        #expect(!PlacementCheck([], try device("CPU:2")).isAsPlanned, "nothing confirms nothing")
    }
}
