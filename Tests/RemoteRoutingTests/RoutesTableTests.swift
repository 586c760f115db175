import Cluster
import ServingPrimitives
import Testing

@testable import RemoteRouting

@Suite struct RoutesTableTests {
    @Test func `a name has the addresses of all its lines, each once`() throws {
        let text = """
            # shards
            route rec:ps_0 10.0.0.1:8500 10.0.0.2:8500

            \troute  rec:ps_1\t[fe80::1]:8500\r
            route rec:ps_0 host-3:9000 10.0.0.1:8500
            """
        let table = try RoutesTable(text: Array(text.utf8))
        #expect(
            table.replicas.mapValues { $0.map(\.description) } == [
                "rec:ps_0": ["10.0.0.1:8500", "10.0.0.2:8500", "host-3:9000"], "rec:ps_1": ["[fe80::1]:8500"],
            ]
        )
    }

    @Test(arguments: ["", "\n\n", "# nothing", "  \t\r\n"])
    func `a file may have no routes`(text: String) throws {
        #expect(try RoutesTable(text: Array(text.utf8)).replicas.isEmpty)
    }

    @Test(
        arguments: [
            ("route a", "line 1: expected: route NAME ADDRESS [ADDRESS ...]"),
            ("\nrout a 1.2.3.4:5", "line 2: expected: route NAME ADDRESS [ADDRESS ...]"),
            ("route a 1.2.3.4", "line 1: \"1.2.3.4\" is no address; expected HOST:PORT, as 10.0.0.1:8500"),
            ("route a 0.0.0.0:1", "line 1: \"0.0.0.0:1\" is no address; expected HOST:PORT, as 10.0.0.1:8500"),
            ("route a h:0", "line 1: \"h:0\" is no address; expected HOST:PORT, as 10.0.0.1:8500"),
        ]
    )
    func `a line that is wrong is named, and nothing is taken`(text: String, message: String) {
        #expect(throws: ServingError.invalidArgument(message)) { try RoutesTable(text: Array(text.utf8)) }
    }

    @Test func `bytes that are no text are refused`() {
        #expect(throws: ServingError.invalidArgument("line 1: the line is no UTF-8")) {
            try RoutesTable(text: [0x72, 0xFF])
        }
    }

    @Test func `names and replicas are bounded`() throws {
        let long = String(repeating: "n", count: RoutesTable.maximumNameLength + 1)
        #expect(throws: ServingError.self) { try RoutesTable(text: Array("route \(long) h:1".utf8)) }
        let many = (1...RoutesTable.maximumReplicas + 1).map { "h:\($0)" }.joined(separator: " ")
        #expect(throws: ServingError(.resourceExhausted, "line 1: \"a\" has more than 1000 replicas")) {
            try RoutesTable(text: Array("route a \(many)".utf8))
        }
    }
}
