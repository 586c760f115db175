import ServingPrimitives
import Testing

@testable import ModelSources

@Suite struct VersionFolderTests {
    private static func defect(_ files: [String]) -> String? {
        let system = FakeFileSystem()
        system.makeFolder("/m/1")
        for file in files {
            if file.hasSuffix("/") {
                system.makeFolder("/m/1/" + file.dropLast())
            } else {
                system.write("/m/1/" + file)
            }
        }
        return VersionFolder("/m/1", in: system).defect
    }

    private static let index = "variables/variables.index"
    private static func shard(_ number: Int, _ count: Int) -> String {
        VariableShard(number: number, count: count).path
    }

    @Test(arguments: [
        ["saved_model.pb"],
        ["saved_model.pbtxt"],
        ["saved_model.pb", "variables/"],
        ["saved_model.pb", index, shard(0, 1)],
        ["saved_model.pb", index, shard(0, 2), shard(1, 2), "assets/vocabulary.txt"],
        ["saved_model.pb", index, shard(0, 1), shard(1, 3)],
    ])
    func `a folder with all its files is complete`(files: [String]) {
        #expect(Self.defect(files) == nil)
    }

    @Test(
        arguments: [
            ([], "there is no saved_model.pb or saved_model.pbtxt in it"),
            ([index, shard(0, 1)], "there is no saved_model.pb or saved_model.pbtxt in it"),
            (["saved_model.pb", shard(0, 1)], "variables/variables.index is missing"),
            (
                ["saved_model.pb", index],
                "variables/variables.index is there, but no variables/variables.data-... file"
            ),
            (["saved_model.pb", index, shard(0, 2)], "variables/variables.data-00001-of-00002 is missing"),
            (
                ["saved_model.pb", index, shard(0, 12), shard(2, 12)],
                "variables/variables.data-00001-of-00012 is missing"
            ),
        ] as [([String], String)]
    )
    func `a folder that lacks a file says which`(files: [String], defect: String) {
        #expect(Self.defect(files) == defect)
    }

    @Test(
        arguments: [
            (["model.tflite"], nil), (["saved_model.pb"], nil),
            (["model.tflite", "saved_model.pb", "variables/variables.index"], nil),
            (["model.txt"], "there is no saved_model.pb or saved_model.pbtxt in it"),
        ] as [([String], String?)]
    )
    func `where TFLite is preferred, model.tflite is enough`(files: [String], defect: String?) {
        let system = FakeFileSystem()
        system.makeFolder("/m/1")
        for file in files { system.write("/m/1/" + file) }
        #expect(VersionFolder("/m/1", prefersTFLite: true, in: system).defect == defect)
        system.write("/m/1/model.tflite", bytes: 0)
        #expect(VersionFolder("/m/1", prefersTFLite: true, in: system).defect == "model.tflite is empty")
    }

    @Test func `where it is not, model.tflite is nothing`() {
        #expect(Self.defect(["model.tflite"]) == "there is no saved_model.pb or saved_model.pbtxt in it")
    }

    @Test func `an empty graph file is not complete`() {
        let system = FakeFileSystem()
        system.write("/m/1/saved_model.pb", bytes: 0)
        #expect(VersionFolder("/m/1", in: system).defect == "saved_model.pb is empty")
    }

    @Test func `a file or nothing in the place of a folder is not complete`() {
        let system = FakeFileSystem()
        system.write("/m/1")
        #expect(VersionFolder("/m/1", in: system).defect == "it is not a folder")
        #expect(VersionFolder("/m/2", in: system).defect == "it cannot be read")
    }

    @Test(arguments: ["/m/1/saved_model.pb", "/m/1/variables/variables.index"])
    func `the fingerprint changes with the size and the time of every file`(path: String) {
        let system = FakeFileSystem()
        system.write("/m/1/saved_model.pb")
        system.write("/m/1/variables/variables.index")
        let before = VersionFolder("/m/1", in: system)
        #expect(VersionFolder("/m/1", in: system) == before)
        system.write(path, bytes: 2)
        let grown = VersionFolder("/m/1", in: system)
        #expect(grown.fingerprint != before.fingerprint)
        system.write(path, bytes: 2, at: 5)
        let touched = VersionFolder("/m/1", in: system)
        #expect(touched.fingerprint != grown.fingerprint)
        #expect(touched.modified == 5)
        #expect(before.modified == 0)
    }

    @Test func `links that lead in a circle end`() {
        struct Circle: FileSystem {
            func names(in folder: String) throws(FileSystemError) -> [String] { ["again", "saved_model.pb"] }
            func status(of path: String) -> FileStatus? {
                FileStatus(isFolder: !path.hasSuffix("pb"), byteCount: 1, modified: 0)
            }
            func contents(of file: String, limit: Int) throws(FileSystemError) -> [UInt8] { [] }
            func digest(of file: String) throws(FileSystemError) -> SHA256Digest { SHA256Digest(of: []) }
        }
        #expect(VersionFolder("/m/1", in: Circle()).defect == nil)
    }

    @Test(arguments: [
        "variables/variables.data-00001-of-00001", "variables/variables.data-0-of-1", "variables/variables.data",
        "variables/variables.data-00000-of-00000", "variables/variables.data--0001-of-00002",
        "variables.data-00000-of-00001", "variables/variables.data-00000-of-00001.tempstate1",
    ])
    func `what is not a shard's name is no shard`(path: String) {
        #expect(VariableShard(path: path) == nil)
    }

    private static func contentDefect(
        _ rule: ManifestRule = .verify,
        _ fill: (FakeFileSystem) -> Void
    ) -> VersionDefect? {
        let system = FakeFileSystem()
        system.write("/m/1/saved_model.pb", Array("graph".utf8))
        fill(system)
        return VersionFolder("/m/1", in: system).contentDefect(at: "/m/1", rule, in: system)
    }

    @Test(
        arguments: [
            ([10, 20], nil), ([12, 99], nil),
            ([9, 20], "variables/variables.data-00000-of-00002 has 9 bytes; its index needs 10"),
            ([10, 0], "variables/variables.data-00001-of-00002 has 0 bytes; its index needs 20"),
            ([10], "variables/variables.data-00001-of-00002 is missing"),
        ] as [([Int64], String?)]
    )
    func `data files have at least the size that the index needs`(sizes: [Int64], defect: String?) {
        let index = IndexFile(shards: 2, entries: [(0, 0, 10), (0, 4, 2), (1, 12, 8)]).bytes
        let found = Self.contentDefect { system in
            system.write("/m/1/\(Self.index)", index)
            for (number, size) in sizes.enumerated() { system.write("/m/1/" + Self.shard(number, 2), bytes: size) }
        }
        #expect(found == defect.map { VersionDefect($0) })
    }

    @Test func `an index that is cut off says so, and one that cannot be read says nothing`() {
        let index = IndexFile(shards: 1, entries: [(0, 0, 1)]).bytes
        let cut = Self.contentDefect { system in
            system.write("/m/1/\(Self.index)", Array(index.dropLast()))
            system.write("/m/1/" + Self.shard(0, 1))
        }
        #expect(cut == VersionDefect("\(Self.index): it is cut off, or no index of variables"))
        let unread = Self.contentDefect { system in
            system.write("/m/1/\(Self.index)", index)
            system.setReadable("/m/1/\(Self.index)", false)
        }
        #expect(unread == nil)
    }

    private static let graphLine = "\(SHA256Digest(of: "graph".utf8))  saved_model.pb\n"

    @Test(
        arguments: [
            (graphLine, nil), ("# all\n" + graphLine, nil),
            (graphLine + "\(SHA256Digest(of: []))  ./SHA256SUMS\n", nil),
            (
                "\(SHA256Digest(of: "other".utf8))  saved_model.pb\n",
                "saved_model.pb has the SHA-256 \(SHA256Digest(of: "graph".utf8)); SHA256SUMS lists "
                    + "\(SHA256Digest(of: "other".utf8))"
            ),
            (graphLine + graphLine.replacing("saved_model", with: "b"), "b.pb is missing, and listed in SHA256SUMS"),
            ("\n", "line 2 of SHA256SUMS: it lists no file"),
            ("zz  saved_model.pb", "line 1 of SHA256SUMS: expected 64 hexadecimal digits, two blanks and a path"),
        ] as [(String, String?)]
    )
    func `files are held to their list of checksums`(list: String, defect: String?) {
        let found = Self.contentDefect { $0.write("/m/1/SHA256SUMS", Array(list.utf8)) }
        #expect(found == defect.map { VersionDefect($0, refusal: .dataLoss) })
        #expect(Self.contentDefect(.ignore) { $0.write("/m/1/SHA256SUMS", Array(list.utf8)) } == nil)
    }

    @Test func `a list of checksums that is required must be there, and one that cannot be read is tried again`() {
        let missing = VersionDefect("SHA256SUMS is missing, and is required", refusal: .failedPrecondition)
        #expect(Self.contentDefect(.require) { _ in } == missing)
        #expect(Self.contentDefect(.require) { $0.write("/m/1/SHA256SUMS", Array(Self.graphLine.utf8)) } == nil)
        let unread = Self.contentDefect {
            $0.write("/m/1/SHA256SUMS", Array(Self.graphLine.utf8))
            $0.setReadable("/m/1/saved_model.pb", false)
        }
        #expect(unread == VersionDefect("SHA256SUMS cannot be checked: Permission denied", refusal: .unavailable))
    }
}
