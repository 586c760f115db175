import Servables
import ServingPrimitives
import Testing

@testable import ModelServing

@Suite struct ModelArrivalsTests {
    private var arrivals = ModelArrivals(of: ["a", "b"])

    private mutating func record(
        _ name: String,
        _ version: Int64,
        _ states: ServableState...,
        error: ServingError? = nil
    ) {
        for state in states {
            arrivals.record(
                ServableID(name: name, version: version),
                VersionStatus(version: version, state: state, error: state == .end ? error : nil)
            )
        }
    }

    @Test func `nothing to wait for is complete`() {
        #expect(ModelArrivals(of: []).isComplete)
        #expect(ModelArrivals(of: []).error == nil)
    }

    @Test mutating func `complete when each model has an available version`() {
        record("a", 1, .start, .loading, .available)
        #expect(!arrivals.isComplete)
        record("other", 1, .available)
        record("b", 7, .start, .loading)
        #expect(!arrivals.isComplete)
        record("b", 6, .start, .loading, .available)
        #expect(arrivals.isComplete && arrivals.error == nil)
    }

    @Test mutating func `the first version that is available or has failed decides`() {
        record("a", 2, .start, .loading, .end, error: .notFound("no file"))
        record("a", 1, .available)
        record("b", 1, .available)
        record("b", 2, .start, .end, error: .notFound("too late"))
        #expect(
            arrivals.error
                == ServingError(
                    .unknown,
                    "1 model(s) did not become available: {{{name: a version: 2} due to error: NOT_FOUND: no file}, }"
                )
        )
    }

    @Test mutating func `all failed models are named, by name`() {
        record("b", 1, .start, .end, error: .notFound("b"))
        record("a", 3, .loading, .end)
        #expect(arrivals.isComplete)
        #expect(
            arrivals.error?.message == "2 model(s) did not become available: {{{name: a version: 3}}, "
                + "{{name: b version: 1} due to error: NOT_FOUND: b}, }"
        )
    }

    @Test mutating func `the end of an earlier life of a version says nothing`() {
        record("a", 1, .unloading, .end)
        record("b", 1, .available)
        #expect(!arrivals.isComplete)
        record("a", 1, .start, .loading, .available)
        #expect(arrivals.isComplete && arrivals.error == nil)
    }

    @Test mutating func `a model that a later configuration removes is given up`() {
        record("b", 1, .available)
        arrivals.giveUp(["a", "b", "c"])
        #expect(arrivals.isComplete)
        #expect(
            arrivals.error?.message == "1 model(s) did not become available: {{{name: a} due to error: "
                + "ABORTED: a later configuration removed the model}, }"
        )
    }

    @Test func `a version that is waited for is that version and no other`() {
        let two = ServableID(name: "a", version: 2)
        var arrivals = ModelArrivals(of: [], versions: [two])
        #expect(!arrivals.isComplete)
        arrivals.record(ServableID(name: "a", version: 1), VersionStatus(version: 1, state: .available))
        #expect(!arrivals.isComplete)
        arrivals.record(two, VersionStatus(version: 2, state: .available))
        #expect(arrivals.isComplete && arrivals.error == nil)
    }

    @Test func `a version that is waited for may fail, or its model be taken away`() {
        let two = ServableID(name: "a", version: 2)
        var failing = ModelArrivals(of: ["b"], versions: [two])
        failing.record(two, VersionStatus(version: 2, state: .loading))
        failing.record(two, VersionStatus(version: 2, state: .end, error: .notFound("no file")))
        failing.giveUp(["b"])
        #expect(failing.isComplete && failing.error?.message.contains("no file") == true)
        var forgotten = ModelArrivals(of: [], versions: [two])
        forgotten.giveUpVersions { $0 == two }
        #expect(!forgotten.isComplete)
        forgotten.giveUpVersions { _ in false }
        #expect(forgotten.isComplete && forgotten.error?.message.contains("does not ask for the version") == true)
        var leaving = ModelArrivals(of: [], versions: [two])
        leaving.giveUp(["a"])
        #expect(leaving.isComplete && leaving.error != nil)
    }
}
