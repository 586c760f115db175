import EngineInterface
import Logging
import Servables
import ServingPrimitives
import Synchronization
import Tensors

/// A version on the devices that the plan chose: one copy on each, and the least busy one runs.
///
/// Copies can be replaced while requests run: a run keeps the one that it began with, which ends after its last run.
final class PlacedModel: LoadedModel {
    /// One copy.
    final class Copy: Sendable {
        let model: any LoadedModel
        let device: DeviceName
        fileprivate let running = Atomic<Int>(0)
        fileprivate let isChecked = Atomic<Bool>(false)

        init(_ model: any LoadedModel, on device: DeviceName) {
            self.model = model
            self.device = device
        }

        deinit { model.close() }
    }

    let signatures: [Signature]
    private let copies: Mutex<[Copy]>
    private let check: @Sendable ([TraceEvent], DeviceName) -> Void
    private let ended: @Sendable () -> Void

    /// - Parameters:
    ///   - copies: at least one.
    ///   - check: is told of the operations of the first run of each copy.
    ///   - ended: called once, when the version is closed.
    init(
        _ copies: [Copy],
        check: @escaping @Sendable ([TraceEvent], DeviceName) -> Void,
        ended: @escaping @Sendable () -> Void
    ) {
        precondition(!copies.isEmpty, "a placed model has a copy")
        signatures = copies[0].model.signatures
        self.copies = Mutex(copies)
        self.check = check
        self.ended = ended
    }

    var devices: [DeviceName] { copies.withLock { $0.map(\.device) } }

    var externalBytes: Int { copies.withLock { $0.reduce(0) { $0 + $1.model.externalBytes } } }

    /// Of one copy, the largest, as costs are.
    var preparedBytes: Int? { copies.withLock { $0.compactMap(\.model.preparedBytes).max() } }

    /// Of one on several devices each copy has another.
    var sharedCopy: SharedCopy? { copies.withLock { $0.count == 1 ? $0[0].model.sharedCopy : nil } }

    /// The copy on a device; `nil` for none.
    func copy(on device: DeviceName) -> Copy? { copies.withLock { $0.first { $0.device == device } } }

    /// Has these run from now on. What has been closed stays closed.
    func replace(with copies: [Copy]) {
        let before = self.copies.withLock { current in
            defer { if !current.isEmpty, !copies.isEmpty { current = copies } }
            return current
        }
        // Copies that nothing runs on end here, and not under the lock.
        withExtendedLifetime(before) {}
    }

    func run(_ request: RunRequest) throws(ServingError) -> [Tensor] {
        try using { (copy) throws(ServingError) in
            guard request.trace == nil, !copy.isChecked.exchange(true, ordering: .relaxed) else {
                return try copy.model.run(request)
            }
            return try runChecked(request, copy)
        }
    }

    func runJointly(_ parts: [RunRequest]) throws(ServingError) -> [Tensor] {
        try using { (copy) throws(ServingError) in try copy.model.runJointly(parts) }
    }

    /// Ends all copies, and returns when they are gone: by contract nothing runs.
    func close() {
        endCopies()
        ended()
    }

    private func endCopies() {
        // They end when this function does, and not under the lock.
        _ = copies.withLock { copies in
            defer { copies = [] }
            return copies
        }
    }

    private func using(_ body: (Copy) throws(ServingError) -> [Tensor]) throws(ServingError) -> [Tensor] {
        let choice = copies.withLock { copies in
            copies.count == 1
                ? copies[0]
                : copies.min { $0.running.load(ordering: .relaxed) < $1.running.load(ordering: .relaxed) }
        }
        guard let choice else { throw .unavailable("the model has ended") }
        choice.running.add(1, ordering: .relaxed)
        defer { choice.running.subtract(1, ordering: .relaxed) }
        return try body(choice)
    }

    /// The plan is believed when the trace of a run says so: TensorFlow puts on another device what it cannot run on the
    /// one asked for, and says nothing.
    private func runChecked(_ request: RunRequest, _ copy: Copy) throws(ServingError) -> [Tensor] {
        let tracer = RunTracer()
        _ = tracer.begin(maximumEvents: 1_000_000)
        var traced = request
        traced.trace = tracer.beginRun()
        let outputs = try copy.model.run(traced)
        if let recording = tracer.end() { check(recording.events.map(\.event), copy.device) }
        return outputs
    }
}

extension PlacedModel {
    /// A version that was just put on its devices: says so in the log, and what the trace of its first run shows.
    convenience init(_ id: ServableID, _ copies: [Copy], logger: Logger, ended: @escaping @Sendable () -> Void) {
        self.init(
            copies,
            check: { events, device in PlacementCheck(events, device).log(id, to: logger) },
            ended: ended
        )
        logger.info(
            "A version was placed",
            metadata: [
                "model": "\(id.name)", "version": "\(id.version)",
                "devices": .array(copies.map { .string("\($0.device)") }),
            ]
        )
    }
}
