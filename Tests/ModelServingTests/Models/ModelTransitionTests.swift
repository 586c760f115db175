import Servables
import ServingConfig
import ServingPrimitives
import Testing

@testable import ModelServing

private func model(
    _ name: String,
    _ path: String = "/p",
    labels: [String: Int64] = [:],
    platform: String = "tensorflow"
) -> ServerConfiguration.Model {
    var model = ServerConfiguration.Model(name: name, basePath: path)
    model.versionLabels = labels
    model.platform.name = platform
    return model
}

/// After `models` were applied in full.
private func serving(_ models: ServerConfiguration.Model...) -> ModelTransition.Current {
    var current = ModelTransition.Current()
    current.remembered = .list(models)
    current.models = models
    for model in models where !model.versionLabels.isEmpty { current.labels[model.name] = model.versionLabels }
    return current
}

private let illegal = ServingError.failedPrecondition(
    "Cannot transition to requested config. It is only legal to transition from one ModelConfigList to another."
)

private func unavailable(_ version: Int64, _ model: String) -> ServingError {
    .failedPrecondition(
        "Request to assign label to version \(version) of model \(model), which is not currently available for inference"
    )
}

@Suite struct ModelTransitionTests {
    private func transition(
        _ current: ModelTransition.Current,
        _ requested: RequestedModels,
        flag: Bool = false,
        isStart: Bool = false,
        _ states: [ServableID: ServableState] = [:]
    ) throws(ServingError) -> ModelTransition {
        try ModelTransition(
            from: current,
            to: requested,
            rules: .init(allowsLabelsForUnavailableVersions: flag, isStart: isStart)
        ) { states[$0] }
    }

    // MARK: From one kind of configuration to another

    @Test(
        arguments: [
            (serving(model("a")), .unset), (serving(model("a")), .custom), (serving(), .unset), (serving(), .custom),
        ] as [(ModelTransition.Current, RequestedModels)]
    )
    func `after a list only another list is legal`(current: ModelTransition.Current, requested: RequestedModels) {
        #expect(throws: illegal) { try transition(current, requested) }
    }

    @Test func `nothing after nothing changes nothing, and a list may follow`() throws {
        let nothing = try transition(ModelTransition.Current(), .unset)
        #expect(nothing.next == ModelTransition.Current() && nothing.error == nil)
        #expect(try transition(nothing.next, .list([])).next.remembered == .list([]))
    }

    @Test func `a custom configuration is refused`() {
        #expect(throws: ServingError.customModels) { try transition(ModelTransition.Current(), .custom) }
    }

    // MARK: Models

    @Test func `the new configuration replaces the old`() throws {
        let next = try transition(serving(model("a"), model("b")), .list([model("b"), model("c"), model("d")]))
        #expect(next.next.models.map(\.name) == ["b", "c", "d"])
        #expect(next.added == ["c", "d"])
        #expect(next.error == nil)
        #expect(try transition(next.next, .list([])).next.models.isEmpty)
    }

    @Test func `a model with another base path is not new`() throws {
        let next = try transition(serving(model("a")), .list([model("a", "/q")]))
        #expect(next.next.models.map(\.basePath) == ["/q"])
        #expect(next.added.isEmpty)
    }

    @Test(
        arguments: [
            ([model("a"), model("a")], "Illegal to list model a multiple times in config list"),
            ([model("a", "here")], "Expected model a to have an absolute path or URI; got base_path()=here"),
            (
                [model("a", platform: "onnx")],
                "Illegal to change a model's platform. For model a platform was tensorflow and new platform requested "
                    + "is onnx"
            ),
            ([model("b", platform: "onnx")], "Model b requests unsupported platform onnx"),
            (
                [model("b", "b"), model("b", "/b", platform: "onnx")],
                "Illegal to list model b multiple times in config list; Expected model b to have an absolute path or "
                    + "URI; got base_path()=b; Model b requests unsupported platform onnx"
            ),
        ] as [([ServerConfiguration.Model], String)]
    )
    func `what cannot be served is refused with every problem`(models: [ServerConfiguration.Model], text: String) {
        #expect(throws: ServingError.invalidArgument(text)) { try transition(serving(model("a")), .list(models)) }
    }

    @Test func `a logging config changes the models and adds none`() throws {
        var logged = model("a")
        logged.requestLog = RequestLog(filenamePrefix: "/logs/a", samplingRate: 0.5)
        let next = try transition(serving(model("a")), .list([logged]))
        #expect(next.next.models == [logged])
        #expect(next.added.isEmpty && next.error == nil)
    }

    @Test func `a logging config that cannot be followed changes nothing`() {
        var logged = model("a")
        logged.requestLog = RequestLog(filenamePrefix: "/logs/a", samplingRate: 2)
        #expect(throws: ServingError.self) { try transition(serving(model("a")), .list([logged])) }
    }

    // MARK: Labels

    private static let one = ServableID(name: "a", version: 1)
    private static let two = ServableID(name: "a", version: 2)

    @Test func `a label needs a version that is available now`() throws {
        let requested = RequestedModels.list([model("a", labels: ["stable": 1])])
        #expect(try transition(serving(), requested, [Self.one: .available]).next.labels == ["a": ["stable": 1]])
        for state in [nil, .start, .loading, .unloading, .end] as [ServableState?] {
            let refused = try transition(serving(model("b")), requested, state.map { [Self.one: $0] } ?? [:])
            #expect(refused.error == unavailable(1, "a"))
            #expect(refused.next.models == [model("b")] && refused.added.isEmpty, "the models are untouched")
            #expect(refused.next.labels.isEmpty)
            #expect(refused.next.remembered == requested, "though it counts as current")
        }
    }

    @Test func `every label that cannot be set is named`() throws {
        let models = [model("a", labels: ["x": 2, "b": 3]), model("c", labels: ["y": 1])]
        let error = try transition(serving(), .list(models)).error
        let texts = [unavailable(3, "a"), unavailable(2, "a"), unavailable(1, "c")].map(\.message)
        #expect(error == .failedPrecondition(texts.joined(separator: "; ")))
    }

    @Test func `the same labels again are checked again`() throws {
        let current = serving(model("a", labels: ["stable": 1]))
        #expect(try transition(current, current.remembered, [Self.one: .available]).error == nil)
        #expect(try transition(current, current.remembered, [Self.one: .end]).error == unavailable(1, "a"))
    }

    @Test func `the label map is replaced as a whole`() throws {
        let current = serving(model("a", labels: ["stable": 1, "old": 1]), model("b", labels: ["x": 1]))
        let next = try transition(
            current,
            .list([model("a", labels: ["stable": 1]), model("b")]),
            [Self.one: .available]
        )
        #expect(next.next.labels == ["a": ["stable": 1]])
    }

    @Test func `with the flag a new or unmoved label may name an unavailable version, a moved one may not`() throws {
        let labelled = RequestedModels.list([model("a", labels: ["stable": 1])])
        let new = try transition(serving(), labelled, flag: true)
        #expect(new.error == nil && new.next.labels == ["a": ["stable": 1]])
        #expect(try transition(new.next, labelled, flag: true).error == nil)
        let moved = RequestedModels.list([model("a", labels: ["stable": 2])])
        #expect(try transition(new.next, moved, flag: true).error == unavailable(2, "a"))
        #expect(try transition(new.next, moved, flag: true, [Self.two: .available]).error == nil)
    }

    private func labelled(at versions: [Int64], stable: Int64) -> RequestedModels {
        var one = model("a", labels: ["stable": stable])
        one.versionPolicy = .specific(versions)
        return .list([one])
    }

    @Test func `one configuration brings a version and moves a label to it`() throws {
        let current = try transition(serving(), labelled(at: [1], stable: 1), [Self.one: .available]).next
        let moved = try transition(current, labelled(at: [2], stable: 2), [Self.one: .available])
        #expect(moved.error == nil && moved.awaited == [Self.two])
        #expect(moved.next.labels == ["a": ["stable": 2]])
        #expect(moved.next.labelsBefore == ["a": ["stable": 1]])
        // The same again (a file that is polled) while the version is on its way, and when it is there.
        let states = [Self.one: ServableState.available, Self.two: .loading]
        #expect(try transition(moved.next, labelled(at: [2], stable: 2), states).next == moved.next)
        let there = try transition(moved.next, labelled(at: [2], stable: 2), [Self.two: .available])
        #expect(there.error == nil && there.awaited.isEmpty && there.next.labelsBefore.isEmpty)
    }

    @Test func `a label whose new version has failed stays where it leads`() throws {
        let current = try transition(serving(), labelled(at: [1], stable: 1), [Self.one: .available]).next
        let moved = try transition(current, labelled(at: [1, 2], stable: 2), [Self.one: .available]).next
        let states = [Self.one: ServableState.available, Self.two: .end]
        let again = try transition(moved, labelled(at: [1, 2], stable: 2), states)
        #expect(again.error == unavailable(2, "a"))
        #expect(again.next.labelsBefore == ["a": ["stable": 1]])
        // Asked for anew it is tried anew.
        let gone = try transition(moved, labelled(at: [1], stable: 1), states).next
        #expect(try transition(gone, labelled(at: [1, 2], stable: 2), states).error == nil)
    }

    @Test func `a label does not move to a version that nobody asks for by number`() throws {
        let current = serving(model("a", labels: ["stable": 1]))
        let states = [Self.one: ServableState.available]
        #expect(try transition(current, labelled(at: [1, 3], stable: 2), states).error == unavailable(2, "a"))
        let latest = RequestedModels.list([model("a", labels: ["stable": 2])])
        #expect(try transition(current, latest, states).error == unavailable(2, "a"))
    }

    @Test func `labels that the server is started with are valid until their versions have been tried`() throws {
        let requested = RequestedModels.list([model("a", labels: ["stable": 1])])
        let start = try transition(ModelTransition.Current(), requested, isStart: true)
        #expect(start.error == nil && start.next.labels == ["a": ["stable": 1]])
        for state in [.start, .loading, .available] as [ServableState] {
            #expect(try transition(start.next, requested, [Self.one: state]).error == nil)
        }
        #expect(try transition(start.next, requested).error == nil)
        #expect(try transition(start.next, requested, [Self.one: .end]).error == unavailable(1, "a"))
        let moved = RequestedModels.list([model("a", labels: ["stable": 2])])
        #expect(try transition(start.next, moved).error == unavailable(2, "a"))
        let added = RequestedModels.list([model("a", labels: ["stable": 1, "other": 1])])
        #expect(try transition(start.next, added).error == unavailable(1, "a"))
    }
}
