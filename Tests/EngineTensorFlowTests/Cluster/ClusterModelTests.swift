import EngineInterface
import ServingPrimitives
import ServingTestKit
import Synchronization
import Testing

@testable import EngineTensorFlow

/// Sessions that a test loses and makes again.
@Suite struct ClusterModelTests {
    /// A cluster that does what a test says.
    private final class FakeCluster: Sendable {
        private struct State {
            var isThere = true
            var runError: ServingError?
            var openError: ServingError?
            var sessions: [FakeModel] = []
            var signature = "serving_default"
            var told: [ServingError?] = []
        }

        private let state = Mutex(State())

        func isThere(_ value: Bool) { state.withLock { $0.isThere = value } }
        func fail(runs: ServingError?) { state.withLock { $0.runError = runs } }
        func fail(opens: ServingError?) { state.withLock { $0.openError = opens } }
        func rename(_ signature: String) { state.withLock { $0.signature = signature } }
        var sessions: [FakeModel] { state.withLock { $0.sessions } }
        var told: [ServingError?] { state.withLock { $0.told } }

        func model() throws(ServingError) -> ClusterModel {
            try ClusterModel(
                ClusterModel.Link(
                    model: "version 1 of model m",
                    target: "grpc://c:1",
                    isReachable: { self.state.withLock { $0.isThere } },
                    open: { () throws(ServingError) in try self.open() },
                    observer: { error in self.state.withLock { $0.told.append(error) } }
                )
            )
        }

        private func open() throws(ServingError) -> any LoadedModel {
            if let error = state.withLock({ $0.openError }) { throw error }
            let signature = Signature(name: state.withLock { $0.signature }, methodName: "", inputs: [], outputs: [])
            let session = FakeModel(signatures: [signature]) { (_) throws(ServingError) in
                if let error = self.state.withLock({ $0.runError }) { throw error }
                return []
            }
            state.withLock { $0.sessions.append(session) }
            return session
        }
    }

    private let cluster = FakeCluster()
    private let request = RunRequest(signature: 0, inputs: [], outputs: [])

    /// Until a thread of the model's has done what it has to: nothing here waits for a time.
    private func eventually(_ condition: () -> Bool) {
        while !condition() { waitAMoment() }
    }

    private func waitAMoment() {
        let never = BlockingResult<Void, Never>()
        _ = never.wait(nanoseconds: 1_000_000)
    }

    private func failure(_ model: ClusterModel) -> ServingError? {
        do throws(ServingError) {
            _ = try model.run(request)
            return nil
        } catch {
            return error
        }
    }

    @Test func `a cluster that is away is an error of the load, and is not waited for`() {
        cluster.isThere(false)
        let error = #expect(throws: ServingError.self) { try cluster.model() }
        #expect(error == .unavailable("Nobody answers at grpc://c:1, where version 1 of model m is to run"))
        #expect(cluster.sessions.isEmpty)
    }

    @Test(arguments: [CanonicalCode.unavailable, .aborted])
    func `a session that is lost is ended and made again`(code: CanonicalCode) throws {
        let model = try cluster.model()
        #expect(failure(model) == nil)
        cluster.fail(runs: ServingError(code, "=====\nworker 1\nis gone\n"))
        let error = try #require(failure(model))
        #expect(error.code == .unavailable)
        #expect(
            error.message
                == "The session of version 1 of model m on grpc://c:1 was lost and is made again: worker 1 is gone"
        )
        #expect(error.retryAfterNanoseconds.map { $0 >= RestartDelay.first } == true)
        cluster.fail(runs: nil)
        eventually { failure(model) == nil }
        #expect(cluster.sessions.count == 2)
        eventually { cluster.sessions[0].isClosed }
        #expect(!cluster.sessions[1].isClosed)
        eventually { cluster.told.count == 2 }
        #expect(cluster.told.map { $0?.code } == [.unavailable, nil])
        model.close()
        #expect(cluster.sessions[1].isClosed)
    }

    @Test(arguments: [CanonicalCode.invalidArgument, .internal, .notFound, .resourceExhausted])
    func `errors of the graph are passed on and lose nothing`(code: CanonicalCode) throws {
        let model = try cluster.model()
        cluster.fail(runs: ServingError(code, "wrong"))
        for _ in 0..<10 { #expect(failure(model) == ServingError(code, "wrong")) }
        #expect(cluster.sessions.count == 1)
        #expect(cluster.told.isEmpty)
        model.close()
    }

    @Test func `requests are refused at once while no session can be made, and told why`() throws {
        let model = try cluster.model()
        cluster.fail(runs: .unavailable("gone"))
        cluster.fail(opens: .unavailable("not yet"))
        _ = failure(model)
        eventually { failure(model)?.message.contains("cannot be made again yet: not yet") == true }
        // The same reason is told once, however many tries there are.
        eventually { cluster.told.count == 2 }
        #expect(cluster.told.allSatisfy { $0?.code == .unavailable })
        cluster.fail(opens: nil)
        cluster.fail(runs: nil)
        eventually { failure(model) == nil }
        model.close()
    }

    @Test func `a cluster that has gone is missed without a request`() throws {
        let model = try cluster.model()
        cluster.isThere(false)
        // A run that takes too long makes it look sooner.
        cluster.fail(runs: .deadlineExceeded("too late"))
        #expect(failure(model) == .deadlineExceeded("too late"))
        eventually { cluster.told.first??.message.hasSuffix("nobody answers there") == true }
        cluster.fail(runs: nil)
        #expect(failure(model)?.code == .unavailable)
        cluster.isThere(true)
        eventually { failure(model) == nil }
        model.close()
    }

    @Test func `a session with other signatures is not used`() throws {
        let model = try cluster.model()
        cluster.rename("other")
        cluster.fail(runs: .unavailable("gone"))
        _ = failure(model)
        eventually { failure(model)?.message.contains("its signatures are not those it was loaded with") == true }
        model.close()
        eventually { cluster.sessions.allSatisfy { $0.isClosed } }
    }

    @Test func `a model that was closed makes no session any more`() throws {
        let model = try cluster.model()
        model.close()
        #expect(failure(model)?.code == .unavailable)
        #expect(cluster.sessions.map { $0.isClosed } == [true])
        #expect(cluster.told.isEmpty)
    }

    @Test func `tries come further apart, up to some seconds, and begin anew for a session that lived`() {
        var delay = RestartDelay(longest: ClusterState.longestDelay)
        let pauses = (0..<8).map { _ in delay.next(afterLifetime: 0) / 1_000_000 }
        #expect(pauses == [100, 200, 400, 800, 1600, 3200, 5000, 5000])
        #expect(delay.next(afterLifetime: RestartDelay.provenAfter) == RestartDelay.first)
    }

    /// How a wait ends, and what it was told.
    private func wait(
        _ model: ClusterModel,
        _ deadline: Deadline
    ) -> (RecoveryWait?, BlockingResult<Void, ServingError>) {
        let result = BlockingResult<Void, ServingError>()
        let wait = model.whenBack(by: deadline) { error in result.set(error.map { .failure($0) } ?? .success(())) }
        return (wait, result)
    }

    private func deadline(seconds: UInt64) -> Deadline { .after(nanoseconds: seconds * 1_000_000_000, from: .now()) }

    /// A model whose session is lost, and cannot be made again.
    private func lostModel() throws -> ClusterModel {
        let model = try cluster.model()
        cluster.fail(opens: .unavailable("not yet"))
        cluster.fail(runs: .unavailable("gone"))
        _ = failure(model)
        cluster.fail(runs: nil)
        return model
    }

    @Test func `who has time waits for the next session, without a thread`() throws {
        let model = try cluster.model()
        #expect(model.absence == nil)
        #expect(wait(model, .never).0 == nil, "it is there")
        model.close()
        let lost = try lostModel()
        #expect(lost.absence?.code == .unavailable)
        let waits = (0..<100).map { _ in wait(lost, deadline(seconds: 600)) }
        #expect(waits.allSatisfy { $0.0 != nil })
        cluster.fail(opens: nil)
        for (_, result) in waits { #expect(throws: Never.self) { try result.wait().get() } }
        #expect(failure(lost) == nil)
        lost.close()
    }

    @Test func `who has no deadline, or too little time, is refused with when to come again`() throws {
        let model = try lostModel()
        for deadline in [Deadline.never, Deadline(.now())] {
            let (wait, result) = wait(model, deadline)
            #expect(wait == nil)
            let error = #expect(throws: ServingError.self) { try result.wait().get() }
            #expect(error?.code == .unavailable && error?.retryAfterNanoseconds != nil)
        }
        model.close()
    }

    @Test func `whose time is over before the next try is told so after the last one`() throws {
        let model = try lostModel()
        // Pauses grow to five seconds.
        let (wait, result) = wait(model, deadline(seconds: 3))
        #expect(wait != nil)
        let error = #expect(throws: ServingError.self) { try result.wait().get() }
        #expect(error?.message.contains("cannot be made again yet: not yet") == true)
        model.close()
    }

    @Test func `an unload ends the waits, and a cancelled one hears nothing`() throws {
        let model = try lostModel()
        let (first, cancelled) = wait(model, deadline(seconds: 600))
        let (_, result) = wait(model, deadline(seconds: 600))
        first?.cancel()
        model.close()
        #expect(throws: ServingError.unavailable("version 1 of model m was unloaded")) { try result.wait().get() }
        #expect(cancelled.wait(nanoseconds: 1_000_000) == nil)
        let (after, late) = wait(model, deadline(seconds: 600))
        #expect(after == nil)
        #expect(throws: ServingError.unavailable("version 1 of model m was unloaded")) { try late.wait().get() }
    }
}
