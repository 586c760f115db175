import Servables
import Testing

@testable import ModelSources

@Suite struct WatchedModelsTests {
    private var watched = WatchedModels { BasePathMonitor($0, settleNanoseconds: 5) }

    private func model(_ name: String, _ path: String? = nil, _ policy: VersionPolicy = .latest(1)) -> MonitoredModel {
        MonitoredModel(name: name, basePath: path ?? "/\(name)", policy: policy)
    }

    @Test mutating func `new models are begun and those gone are ended`() {
        let first = watched.set([model("a"), model("b")])
        #expect(first.begun.map(\.monitor.model.name) == ["a", "b"])
        #expect(first.removed.isEmpty && watched.watch(first.begun[0].id) != nil)
        let second = watched.set([model("b"), model("c")])
        #expect(second.begun.map(\.monitor.model.name) == ["c"])
        #expect(second.removed == ["a"])
        #expect(watched.watch(first.begun[0].id) == nil && watched.watch(first.begun[1].id) != nil)
    }

    @Test mutating func `the same models again change nothing`() {
        _ = watched.set([model("a"), model("b")])
        let again = watched.set([model("b"), model("a")])
        #expect(again.begun.isEmpty && again.removed.isEmpty)
    }

    @Test mutating func `a look of a watch that is over comes too late`() {
        let first = watched.set([model("a")]).begun[0]
        var isTaken = [watched.update(first.id, first.monitor)]
        let second = watched.set([model("a", nil, .all)]).begun[0]
        isTaken.append(watched.update(first.id, first.monitor))
        isTaken.append(watched.update(second.id, second.monitor))
        _ = watched.set([])
        isTaken.append(watched.update(second.id, second.monitor))
        #expect(isTaken == [true, false, true, false])
    }

    @Test mutating func `under another policy what is known stays known, under another base path it does not`() {
        let files = FakeFileSystem()
        for version in 1...2 { files.writeModel("/a/\(version)", at: 100) }
        var watch = watched.set([model("a")]).begun[0]
        var look = watch.monitor.look(at: files, now: 100)
        #expect(versions(look) == nil, "new: it has to be left alone first")
        look = watch.monitor.look(at: files, now: 105)
        #expect(versions(look) == [2])
        _ = watched.update(watch.id, watch.monitor)
        files.write("/a/2/touched", at: 106)
        var wider = watched.set([model("a", nil, .all)]).begun[0]
        look = wider.monitor.look(at: files, now: 107)
        #expect(versions(look) == [2, 1])
        files.writeModel("/b/1", at: 100)
        files.writeModel("/b/2", at: 106)
        var moved = watched.set([model("a", "/b", .all)]).begun[0]
        look = moved.monitor.look(at: files, now: 107)
        #expect(versions(look) == [1])
    }

    private func versions(_ look: BasePathMonitor.Look) -> [Int64]? {
        look.announcements.last?.versions.map(\.id.version)
    }
}
