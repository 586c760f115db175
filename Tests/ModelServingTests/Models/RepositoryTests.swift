import ModelSources
import ServingPrimitives
import Testing

@testable import ModelServing

/// Folders by path with the names in them; `nil` for one that cannot be read. Links lead where `links` says.
private struct Folders: FileSystem {
    var folders: [String: [String]?] = ["/r": []]
    var files: Set<String> = []
    var links: [String: String] = [:]
    /// Links that lead nowhere.
    var dead: Set<String> = []

    mutating func add(_ name: String, _ versions: [String]? = ["1"]) {
        folders["/r"] = (folders["/r"] ?? nil).map { $0 + [name] }
        folders["/r/\(name)"] = versions
    }

    func names(in folder: String) throws(FileSystemError) -> [String] {
        guard let names = folders[folder] ?? nil else { throw FileSystemError("Permission denied") }
        return names
    }

    func status(of path: String) -> FileStatus? {
        FileStatus(isFolder: !files.contains(path), byteCount: 0, modified: 0)
    }

    func contents(of file: String, limit: Int) throws(FileSystemError) -> [UInt8] {
        throw FileSystemError("no file of a repository is read")
    }

    func digest(of file: String) throws(FileSystemError) -> SHA256Digest {
        throw FileSystemError("no file of a repository is read")
    }

    func resolve(_ path: String) -> String? { dead.contains(path) ? nil : links[path] ?? path }
}

@Suite struct RepositoryTests {
    private func look(_ repository: inout Repository, _ folders: Folders) -> Repository.Look {
        repository.look(at: folders, resolve: folders.resolve)
    }

    @Test func `every folder with a version is a model`() {
        var repository = Repository(folder: "/r", maximumCount: 3)
        var folders = Folders()
        folders.add("b")
        folders.add("a", ["3", "other"])
        folders.add(".hidden")
        #expect(look(&repository, folders) == Repository.Look(models: ["a", "b"]))
    }

    @Test func `what is no model is told once`() {
        var repository = Repository(folder: "/r", maximumCount: 3)
        var folders = Folders()
        folders.add("empty", [])
        folders.add("words", ["one"])
        folders.add("file")
        folders.files = ["/r/file"]
        let first = look(&repository, folders)
        #expect(first.models == [] && first.notices.count == 3)
        #expect(look(&repository, folders).notices == [])
    }

    @Test func `links may not lead out of the repository, nor in circles`() {
        var repository = Repository(folder: "/r", maximumCount: 3)
        var folders = Folders()
        for name in ["out", "self", "circle", "in", "beside"] { folders.add(name) }
        folders.links = [
            "/r/out": "/elsewhere/m", "/r/self": "/r", "/r/in": "/r/a", "/r/beside": "/rest/m",
        ]
        folders.dead = ["/r/circle"]
        let look = look(&repository, folders)
        #expect(look.models == ["in"])
        #expect(look.notices.count == 4)
    }

    @Test(arguments: ["a:b", "bell\u{7}", "bad\u{FFFD}", String(repeating: "x", count: 256)])
    func `names that paths cannot carry are refused`(name: String) {
        var repository = Repository(folder: "/r", maximumCount: 3)
        var folders = Folders()
        folders.add(name)
        let look = look(&repository, folders)
        #expect(look.models == [] && look.notices.count == 1)
    }

    @Test func `a look that fails takes nothing away`() {
        var repository = Repository(folder: "/r", maximumCount: 3)
        var folders = Folders()
        folders.add("a")
        folders.add("b")
        _ = look(&repository, folders)
        folders.dead = ["/r/a"]
        #expect(look(&repository, folders).models == ["a", "b"])
        folders.folders["/r"] = .some(nil)
        #expect(look(&repository, folders).models == nil)
    }

    @Test func `a model whose versions went stays one until its folder goes`() {
        var repository = Repository(folder: "/r", maximumCount: 3)
        var folders = Folders()
        folders.add("a")
        _ = look(&repository, folders)
        folders.folders["/r/a"] = []
        #expect(look(&repository, folders).models == ["a"])
        folders.folders["/r"] = []
        #expect(look(&repository, folders).models == [])
    }

    @Test func `more models than there may be are cut, and told`() {
        var repository = Repository(folder: "/r", maximumCount: 3)
        var folders = Folders()
        for name in ["a", "b", "c", "d"] { folders.add(name) }
        let look = look(&repository, folders)
        #expect(look.models == ["a", "b", "c"] && look.notices == [.tooMany(count: 4)])
    }
}
