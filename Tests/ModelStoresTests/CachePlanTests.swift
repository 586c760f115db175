import ServingPrimitives
import Testing

@testable import ModelStores

@Suite struct CachePlanTests {
    private static let entries = [
        CachePlan.Entry(key: "old", lastUse: 1, isNeeded: false),
        CachePlan.Entry(key: "new", lastUse: 5, isNeeded: false),
        CachePlan.Entry(key: "served", lastUse: 0, isNeeded: true),
    ]

    @Test(
        arguments: [
            (50, 50, 100, .fits), (51, 50, 100, .remove("old")), (0, 101, 100, .remove("old")),
            (100, 0, 100, .fits), (.max, .max, .max, .remove("old")), (120, 0, 100, .remove("old")),
        ] as [(Int64, Int64, Int64, CachePlan.Step)]
    )
    func `the version that was not used for longest goes first`(
        used: Int64,
        needed: Int64,
        limit: Int64,
        step: CachePlan.Step
    ) {
        #expect(CachePlan.step(Self.entries, used: used, needed: needed, limit: limit) == step)
    }

    @Test func `what is served never goes`() {
        #expect(CachePlan.step([Self.entries[2]], used: 90, needed: 20, limit: 100) == .refuse)
        #expect(CachePlan.step([], used: 0, needed: 101, limit: 100) == .refuse)
    }

    @Test(
        arguments: [
            (0, "0 bytes"), (999, "999 bytes"), (1_000, "1.0 kB"), (1_550_000, "1.6 MB"), (12_000_000_000, "12.0 GB"),
        ] as [(Int64, String)]
    )
    func `bytes are told in units for people`(bytes: Int64, text: String) {
        #expect(ByteText.of(bytes) == text)
    }

    @Test func `the list of a version's files is read back, and half of one is none`() {
        let file = VersionContents.File(path: "variables/a b", digest: SHA256Digest(of: []), size: 7)
        let contents = VersionContents([file, .init(path: "a", digest: SHA256Digest(of: [1]), size: 0)])
        #expect(VersionContents(contents.bytes)?.files.count == 2)
        #expect(VersionContents(contents.bytes)?.files.last == file)
        #expect(VersionContents(Array(contents.bytes.dropLast(contents.bytes.count - 40))) == nil)
        #expect(VersionContents(Array("\(SHA256Digest(of: [])) 1 ../x\n".utf8)) == nil)
    }
}
