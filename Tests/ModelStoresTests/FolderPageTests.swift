import ModelSources
import ServingPrimitives
import SourceExercises
import Testing

@testable import ModelStores

@Suite struct FolderPageTests {
    private static func page(_ text: String, isJSON: Bool = false) throws(ServingError) -> FolderPage {
        try FolderPage(Array(text.utf8), isJSON: isJSON, origin: "http://h:80", path: "/m/")
    }

    @Test func `links of a page are names, and folders where they end in a slash`() throws {
        // As nginx, Apache and Python write them.
        let page = try Self.page(
            """
            <html><h1>Index of /m/</h1><a href="../">../</a><a href="?C=N;O=D">Name</a> <a HREF='1/'>1/</a>
            <a class="x" href = "2.tar.gz">2</a> <a href="/m/3/">3</a> <a href="http://h:80/m/4/">4</a> <a href="./5/">5</a>
            <a href="a%20b&amp;c">x</a> <a href="1/">again</a> <a href="http://other/m/6/">6</a> <a href="/n/7/">7</a>
            """
        )
        #expect(page.entries.filter(\.isFolder).map(\.name) == ["1", "3", "4", "5"])
        #expect(page.entries.filter { !$0.isFolder }.map(\.name) == ["2.tar.gz", "a b&c"])
        #expect(page.refused == [])
    }

    @Test func `names that would leave the folder are refused one by one`() throws {
        let page = try Self.page(
            #"<a href="..%2f..%2fetc/">x</a><a href="%2e%2e">y</a><a href="1/">1</a><a href="a%00b">z</a>"#
        )
        #expect(page.entries.map(\.name) == ["1"])
        #expect(page.refused == ["../../etc", "..", "a\0b"])
        let json = try Self.page(
            #"[{"name": "../x", "type": "file"}, {"name": "1", "type": "directory"}]"#,
            isJSON: true
        )
        #expect(json.entries.map(\.name) == ["1"] && json.refused == ["../x"])
    }

    @Test func `lists in JSON tell sizes and times`() throws {
        let nginx =
            #"[{"name":"1","type":"directory","mtime":"Sat, 21 Nov 2026 20:45:37 GMT"},"#
            + #"{"name":"f","type":"file","mtime":"Sat, 21 Nov 2026 20:45:37 GMT","size":12}]"#
        let caddy =
            #"[{"name":"1/","is_dir":true,"size":4096},{"name":"f","size":12,"mod_time":"2026-11-21T20:45:37Z"}]"#
        for text in [nginx, caddy] {
            let page = try Self.page(text, isJSON: true)
            #expect(page.entries.map(\.name) == ["1", "f"])
            #expect(page.entries.map(\.isFolder) == [true, false])
            #expect(page.entries.map(\.size) == [nil, 12])
            #expect(page.entries[1].modified == 1_795_293_937_000_000_000)
        }
        #expect(throws: ServingError.self) { try Self.page("{}", isJSON: true) }
    }

    @Test(arguments: ["<a href=", "<a href='", "href", #"<a href="1/"#, "<a href>", "", "hrefhref=\"=\""])
    func `what is cut off has no fault`(text: String) throws {
        _ = try Self.page(text)
    }

    @Test func `the corpus of the fuzzer has no fault`() throws {
        let folder = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
        let corpus = folder + "/FuzzTesting/Corpus/fuzz-folder-page"
        for name in try LocalFileSystem().names(in: corpus) {
            let bytes = try LocalFile.contents(of: "\(corpus)/\(name)", limit: 1 << 20)
            #expect(FolderPageExercise.fault(in: bytes) == nil, "\(name)")
        }
    }
}
