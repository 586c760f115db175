import Cluster
import Testing

@testable import ModelServing

@Suite struct LocalAddressTests {
    @Test(arguments: ["127.0.0.2", "fd00::1", "host"])
    func `an address that is listened on is reached`(_ host: String) {
        #expect(LocalAddress.reached(listening: host) == host)
    }

    @Test(arguments: ["0.0.0.0", "::"])
    func `of a machine that listens everywhere some address is told`(_ host: String) {
        let address = LocalAddress.reached(listening: host)
        #expect(ReplicaAddress("\(address):1")?.host == address)
    }
}
