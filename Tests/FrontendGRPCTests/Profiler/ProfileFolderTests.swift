import ServingPrimitives
import Testing

@testable import FrontendGRPC

@Suite struct ProfileFolderTests {
    @Test(arguments: [
        ("/log/plugins/profile", "s", "/log/plugins/profile/s"), ("file:///log/", "s", "/log/s"), ("/log", "", "/log/"),
    ])
    func `a folder of this machine is taken`(root: String, session: String, path: String) throws {
        #expect(try ProfileFolder(root: root, session: session, host: "h:80").path == path)
    }

    @Test(arguments: [
        "gs://bucket/log", "s3://x", "relative/log", "", "/log/../etc", "/log\u{0}", "/log\nx",
        "/" + String(repeating: "x", count: 4000), "file://relative",
    ])
    func `a root that is no folder of this machine is refused`(root: String) {
        #expect(throws: ServingError.self) { try ProfileFolder(root: root, session: "s", host: "h") }
    }

    @Test(arguments: [
        ("..", "h"), (".", "h"), ("a/b", "h"), ("s", "../h"), ("s", ""), ("s", "a\u{0}"),
        (String(repeating: "s", count: 201), "h"),
    ])
    func `names that leave the folder are refused`(session: String, host: String) {
        #expect(throws: ServingError.self) { try ProfileFolder(root: "/log", session: session, host: host) }
    }
}
