import EngineInterface
import ServingPrimitives
import Testing

@testable import EngineLiteRT

@Suite struct LibraryTests {
    @Test func `a missing library is an error that says how to get it`() throws {
        let search = LibrarySearch(for: LiteRTLibrary.file, environmentPath: nil, folders: ["/nowhere"])
        let error = try #require(throws: ServingError.self) { try search.find(explicitPath: nil) }
        #expect(error.code == .failedPrecondition)
        for part in [
            "LiteRT library libLiteRt.so", "/nowhere/.deps/litert/lib/libLiteRt.so", "scripts/setup",
            "--litert-library", "APUS_LITERT_LIBRARY",
        ] {
            #expect(error.message.contains(part))
        }
    }

    @Test(TestModels.needsLibrary) func `the library is opened once`() throws {
        let first = try LiteRTLibrary.open(at: nil)
        let second = try LiteRTLibrary.open(at: "/another/path")
        #expect(first.path == second.path)
    }
}
