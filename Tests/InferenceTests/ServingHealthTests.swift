import Inference
import Servables
import Synchronization
import Testing

/// The versions a test says are there.
private final class FakeVersions: Sendable {
    private let states = Mutex<[String: [VersionStatus]]>([:])

    func set(_ model: String, _ state: ServableState...) {
        states.withLock { states in
            states[model] = state.enumerated().map { VersionStatus(version: Int64($0.offset), state: $0.element) }
        }
    }

    func health(requiring models: String...) -> ServingHealth {
        ServingHealth(requiredModels: models) { model in self.states.withLock { $0[model] ?? [] } }
    }
}

struct ServingHealthTests {
    private let versions = FakeVersions()

    @Test func `a server without models is ready`() {
        #expect(versions.health().isReady)
    }

    @Test func `a server that waits for something is not ready before it is there`() {
        let health = versions.health()
        health.setAwaited("the layout")
        #expect(!health.isReady && health.overall == .notServing && health.awaited == "the layout")
        health.setAwaited(nil)
        #expect(health.isReady && health.awaited == nil)
    }

    @Test func `a required model that no source has named yet holds readiness back`() {
        let health = versions.health(requiring: "m")
        #expect(!health.isReady)
        #expect(health.status(of: "m") == .notServing)
        versions.set("m", .available)
        #expect(health.isReady)
        #expect(health.status(of: "m") == .serving)
    }

    @Test(arguments: [ServableState.start, .loading, .unloading, .end])
    func `a model without an available version is not serving`(_ state: ServableState) {
        let health = versions.health(requiring: "a", "b")
        versions.set("a", .available)
        versions.set("b", state)
        #expect(health.overall == .notServing)
        #expect(health.status(of: "a") == .serving)
        #expect(health.status(of: "b") == .notServing)
    }

    @Test func `one available version among others is enough`() {
        let health = versions.health(requiring: "m")
        versions.set("m", .end, .available, .loading)
        #expect(health.overall == .serving)
    }

    @Test func `an unknown model has no status`() {
        #expect(versions.health(requiring: "m").status(of: "other") == nil)
    }

    @Test func `a model that is not required any more is forgotten, whatever becomes of its versions`() {
        let health = versions.health(requiring: "a", "b")
        versions.set("a", .available)
        versions.set("b", .end)
        #expect(!health.isReady)
        let calls = Mutex(0)
        _ = health.observe { calls.withLock { $0 += 1 } }
        health.setRequiredModels(["a"])
        #expect(health.isReady)
        #expect(health.status(of: "b") == nil)
        #expect(health.unavailableModels.isEmpty)
        #expect(calls.withLock { $0 } == 1)
        health.setRequiredModels(["a", "c"])
        #expect(!health.isReady)
        #expect(health.unavailableModels.map(\.name) == ["c"])
    }

    @Test func `draining turns everything off and is told once`() {
        let health = versions.health(requiring: "m")
        versions.set("m", .available)
        let calls = Mutex(0)
        _ = health.observe { calls.withLock { $0 += 1 } }
        health.beginDraining()
        health.beginDraining()
        #expect(!health.isReady)
        #expect(health.isDraining)
        #expect(health.status(of: "m") == .notServing)
        #expect(calls.withLock { $0 } == 1)
    }

    @Test func `observers hear of changes until they stop observing`() {
        let health = versions.health()
        let calls = Mutex(0)
        let id = health.observe { calls.withLock { $0 += 1 } }
        health.modelsChanged()
        health.stopObserving(id)
        health.modelsChanged()
        #expect(calls.withLock { $0 } == 1)
    }
}
