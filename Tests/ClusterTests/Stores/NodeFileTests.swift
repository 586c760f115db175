import Cluster
import ServingPrimitives
import Testing

@Suite struct NodeFileTests {
    private func read(_ text: String) throws -> [String: String] {
        try NodeFile(Array(text.utf8), file: "n").nodes.mapValues { String(decoding: $0, as: UTF8.self) }
    }

    @Test func `lines are paths and contents`() throws {
        let nodes = try read("# a comment\n\n/a/b {\"x\": 1}\r\n/a/c\n/a d e")
        #expect(nodes == ["/a": "d e", "/a/b": "{\"x\": 1}", "/a/c": ""])
        #expect(try read("") == [:])
    }

    @Test(
        arguments: [
            ("a", "n:1: expected PATH"), ("/a\n/a/ x", "n:2: expected PATH"), ("/a\n\n/a", "n:3: /a is there twice"),
            (" /a", "n:1: expected PATH"),
        ]
    )
    func `a wrong line is named`(_ text: String, _ message: String) throws {
        let error = #expect(throws: ServingError.self) { try read(text) }
        #expect(error?.message.contains(message) == true)
    }
}
