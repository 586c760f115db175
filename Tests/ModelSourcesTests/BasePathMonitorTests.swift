import Servables
import ServingPrimitives
import Testing

@testable import ModelSources

/// One base path, looked at by hand. Times are seconds; a version settles in two.
private struct Bench {
    let files = FakeFileSystem()
    var monitor: BasePathMonitor

    init(_ policy: VersionPolicy = .latest(1)) {
        monitor = BasePathMonitor(
            MonitoredModel(name: "m", basePath: "/m", policy: policy),
            settleNanoseconds: 2
        )
        files.makeFolder("/m")
    }

    mutating func look(_ now: Int64 = 100) -> BasePathMonitor.Look { monitor.look(at: files, now: now) }

    /// The versions of each announcement of one look.
    mutating func announced(_ now: Int64 = 100) -> [[Int64]] {
        look(now).announcements.map { $0.versions.map(\.id.version) }
    }
}

@Suite struct BasePathMonitorTests {
    @Test func `a version that was written long ago is asked for at the first look, and once`() {
        var bench = Bench()
        bench.files.writeModel("/m/00000123")
        let look = bench.look()
        let version = AspiredVersion(id: ServableID(name: "m", version: 123), path: "/m/00000123")
        #expect(look.announcements == [AspiredVersions(model: "m", versions: [version])])
        #expect(look.notices == [])
        #expect(look.isSettled)
        #expect(bench.announced() == [])
    }

    @Test func `a version written just now is asked for when it was left alone`() {
        var bench = Bench()
        bench.files.writeModel("/m/1", at: 99)
        let look = bench.look(100)
        #expect(look.announcements == [] && !look.isSettled)
        #expect(bench.announced(101) == [[1]])
    }

    @Test func `a version whose time stamps lie in the future is asked for when our looks see it at rest`() {
        var bench = Bench()
        bench.files.writeModel("/m/1", at: 1000)
        #expect(bench.announced(100) == [])
        #expect(bench.announced(101) == [])
        bench.files.write("/m/1/assets/a", at: 1000)
        #expect(bench.announced(102) == [])
        #expect(bench.announced(103) == [])
        #expect(bench.announced(104) == [[1]])
    }

    @Test func `a newer version replaces the older one as soon as it is whole`() {
        var bench = Bench()
        bench.files.writeModel("/m/1")
        #expect(bench.announced() == [[1]])
        bench.files.writeModel("/m/2", at: 100)
        bench.files.write("/m/2/variables/variables.index", at: 100)
        #expect(bench.announced(101) == [])
        #expect(bench.announced(105) == [])
        bench.files.write("/m/2/variables/variables.data-00000-of-00001", at: 105)
        #expect(bench.announced(106) == [])
        #expect(bench.announced(107) == [[2]])
    }

    @Test func `what is chosen once stays until it is gone or another is asked for`() {
        var bench = Bench(.latestOnce(1))
        #expect(bench.announced() == [[]])
        bench.files.writeModel("/m/1")
        #expect(bench.announced() == [[1]])
        bench.files.writeModel("/m/2")
        #expect(bench.announced() == [])
        bench.files.remove("/m/1")
        #expect(bench.announced() == [[2]])
        bench.files.writeModel("/m/3")
        #expect(bench.announced() == [])
        bench.monitor.renew(MonitoredModel(name: "m", basePath: "/m", policy: .latestOnce(1), turn: 1))
        #expect(bench.announced() == [[3]])
    }

    @Test func `an incomplete version never takes the place of a complete one, and is told of once`() {
        var bench = Bench()
        bench.files.writeModel("/m/1")
        bench.files.makeFolder("/m/2")
        let look = bench.look()
        #expect(look.announcements.map { $0.versions.map(\.id.version) } == [[1]])
        let defect = "there is no saved_model.pb or saved_model.pbtxt in it"
        #expect(look.notices == [.incomplete(version: 2, defect: defect)])
        #expect(look.isSettled)
        #expect(bench.look().notices == [])
    }

    @Test func `an incomplete version without a better one is asked for, so that its state tells why`() {
        var bench = Bench()
        bench.files.makeFolder("/m/1", at: 100)
        #expect(bench.announced(100) == [])
        #expect(bench.announced(102) == [[1]])
        #expect(bench.announced(110) == [])
    }

    @Test func `an incomplete version waits for one that is still being written`() {
        var bench = Bench()
        bench.files.makeFolder("/m/2")
        bench.files.writeModel("/m/1", at: 100)
        #expect(bench.announced(100) == [])
        #expect(bench.announced(102) == [[1]])
    }

    @Test func `an incomplete version that was asked for goes and comes back when it is mended`() {
        var bench = Bench()
        bench.files.makeFolder("/m/1")
        #expect(bench.announced(100) == [[1]])
        bench.files.writeModel("/m/1", at: 100)
        #expect(bench.announced(101) == [])
        #expect(bench.announced(102) == [[], [1]])
        #expect(bench.announced(103) == [])
    }

    @Test func `a version that was taken stays so whatever happens to its files`() {
        var bench = Bench()
        bench.files.writeModel("/m/1")
        #expect(bench.announced() == [[1]])
        bench.files.remove("/m/1/saved_model.pb")
        bench.files.write("/m/1/notes", at: 100)
        let look = bench.look(100)
        #expect(look.announcements == [] && look.notices == [] && look.isSettled)
    }

    @Test func `removing the latest version brings the one before it back`() {
        var bench = Bench()
        bench.files.writeModel("/m/1")
        bench.files.writeModel("/m/2")
        #expect(bench.announced() == [[2]])
        bench.files.remove("/m/2")
        #expect(bench.announced() == [[1]])
    }

    @Test func `what is served stays while its only successor is being written`() {
        var bench = Bench()
        bench.files.writeModel("/m/1")
        #expect(bench.announced() == [[1]])
        bench.files.remove("/m/1")
        bench.files.writeModel("/m/2", at: 100)
        #expect(bench.announced(100) == [])
        #expect(bench.announced(102) == [[2]])
    }

    @Test func `a base path without versions unloads all and is told of once`() {
        var bench = Bench()
        bench.files.writeModel("/m/1")
        #expect(bench.announced() == [[1]])
        bench.files.remove("/m/1")
        bench.files.makeFolder("/m/export-tmp")
        let look = bench.look()
        #expect(look.announcements == [AspiredVersions(model: "m", versions: [])])
        #expect(look.notices == [.noVersions])
        #expect(bench.look().notices == [])
        bench.files.writeModel("/m/1")
        #expect(bench.announced() == [[1]])
        bench.files.remove("/m/1")
        #expect(bench.look().notices == [.noVersions])
    }

    @Test func `a base path that is missing or cannot be read changes nothing and is told of once`() {
        var bench = Bench()
        bench.files.writeModel("/m/1")
        #expect(bench.announced() == [[1]])
        bench.files.setReadable("/m", false)
        let look = bench.look()
        #expect(look.announcements == [] && look.isSettled)
        #expect(look.notices == [.unreadable(reason: "Permission denied")])
        #expect(bench.look().notices == [])
        bench.files.setReadable("/m", true)
        #expect(bench.look().notices == [])
        #expect(bench.announced() == [])
        bench.files.remove("/m")
        #expect(bench.look().notices == [.unreadable(reason: "No such file or directory")])
    }

    @Test func `of two folders for one version the later in byte order is taken`() {
        var bench = Bench()
        bench.files.writeModel("/m/1")
        bench.files.writeModel("/m/001")
        let look = bench.look()
        #expect(look.announcements.first?.versions.map(\.path) == ["/m/1"])
        #expect(look.notices == [.duplicate(version: 1, ignored: "001", used: "1")])
    }

    @Test func `several versions are asked for where the policy says so`() {
        var bench = Bench(.all)
        bench.files.writeModel("/m/1")
        bench.files.writeModel("/m/2")
        bench.files.makeFolder("/m/3")
        #expect(bench.announced() == [[2, 1]])
        bench.files.remove("/m/1")
        #expect(bench.announced() == [[2]])
    }

    @Test func `an empty list of versions serves none, and is told of`() {
        var bench = Bench(.specific([]))
        bench.files.writeModel("/m/1")
        let look = bench.look()
        #expect(look.announcements == [AspiredVersions(model: "m", versions: [])])
        #expect(look.notices == [.noneWanted])
    }

    @Test func `a listed version that is not there is told of`() {
        var bench = Bench(.specific([1, 7]))
        bench.files.writeModel("/m/1")
        bench.files.writeModel("/m/2")
        let look = bench.look()
        #expect(look.announcements.first?.versions.map(\.id.version) == [1])
        #expect(look.notices == [.notThere(version: 7)])
    }

    @Test func `a version whose checksums are wrong is asked for only with its defect, and its files are read once`() {
        var bench = Bench()
        bench.files.write("/m/1/saved_model.pb", Array("graph".utf8))
        bench.files.write("/m/1/SHA256SUMS", Array("\(SHA256Digest(of: []))  saved_model.pb".utf8))
        let defect = bench.look().announcements.first?.versions.first?.defect
        #expect(defect?.code == .dataLoss)
        #expect(defect?.message.hasPrefix("Version 1 in /m/1 is not complete: saved_model.pb has the SHA-256 ") == true)
        #expect(bench.announced() == [])
        #expect(bench.files.digests == 1)
        // Mended.
        bench.files.write(
            "/m/1/SHA256SUMS",
            Array("\(SHA256Digest(of: "graph".utf8))  saved_model.pb".utf8),
            at: 100
        )
        #expect(bench.announced(101) == [])
        let look = bench.look(102)
        #expect(look.announcements.map { $0.versions.map(\.defect) } == [[], [nil]])
    }

    @Test func `a version with wrong checksums never takes the place of another`() {
        var bench = Bench()
        bench.files.writeModel("/m/1")
        bench.files.write("/m/2/saved_model.pb", Array("graph".utf8))
        bench.files.write("/m/2/SHA256SUMS", Array("\(SHA256Digest(of: []))  saved_model.pb".utf8))
        #expect(bench.announced() == [[1]])
    }

    @Test func `a version is asked for when its files have been fetched, and its state tells how far that is`() {
        var bench = Bench()
        bench.files.writeModel("/m/1")
        #expect(bench.announced() == [[1]])
        bench.files.writeModel("/m/2")
        bench.files.setStaging("/m/2", .onTheWay("1 of 2 bytes"))
        let fetching = bench.look()
        #expect(fetching.announcements == [] && !fetching.isSettled && fetching.notices == [])
        let progress = ServingError(.ok, "1 of 2 bytes")
        #expect(fetching.coming == [VersionStatus(version: 2, state: .start, error: progress)])
        bench.files.setStaging("/m/2", .failed(.unavailable("no route")))
        let failed = bench.look()
        #expect(failed.announcements == [] && !failed.isSettled)
        #expect(failed.coming == [VersionStatus(version: 2, state: .start, error: .unavailable("no route"))])
        #expect(failed.notices == [.notFetched(version: 2, reason: "no route")])
        #expect(bench.look().notices == [])
        bench.files.writeModel("/cache/x")
        bench.files.setStaging("/m/2", .local("/cache/x", isVerified: true))
        let fetched = bench.look()
        #expect(fetched.announcements.first?.versions.map(\.path) == ["/cache/x"])
        #expect(fetched.coming == [] && fetched.isSettled)
    }

    @Test func `what is wrong with fetched files is found where they are`() {
        var bench = Bench()
        bench.files.writeModel("/m/1")
        bench.files.makeFolder("/cache/x")
        bench.files.setStaging("/m/1", .local("/cache/x", isVerified: true))
        let defect = "there is no saved_model.pb or saved_model.pbtxt in it"
        #expect(bench.look().notices == [.incomplete(version: 1, defect: defect)])
    }

    @Test func `a model may have a settle time of its own`() {
        var bench = Bench()
        bench.monitor.renew(MonitoredModel(name: "m", basePath: "/m", settleNanoseconds: 10))
        bench.files.writeModel("/m/1", at: 99)
        #expect(bench.announced(108) == [])
        #expect(bench.announced(109) == [[1]])
    }
}
