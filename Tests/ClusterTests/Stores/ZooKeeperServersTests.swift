import Cluster
import ServingPrimitives
import Testing

@Suite struct ZooKeeperServersTests {
    @Test(
        arguments: [
            ("a:1", "a:1"), ("a", "a:2181"), ("a:1, b:2 ,10.0.0.1", "a:1,b:2,10.0.0.1:2181"),
            ("[fe80::1]:7,[::1]", "[fe80::1]:7,[::1]:2181"), ("a:1/root/x", "a:1/root/x"), ("a:1/", "a:1"),
        ]
    )
    func `servers are read`(_ text: String, _ expected: String) throws {
        #expect(try ZooKeeperServers(text).description == expected)
    }

    @Test(arguments: ["", ",", "a:1,", "a:0", "a:70000", "a b:1", "a:1//x", "a:1/x/../y", "fe80::1"])
    func `what is no server is refused`(_ text: String) {
        #expect(throws: ServingError.self) { try ZooKeeperServers(text) }
    }
}
