import Testing

@testable import FrontendGRPC

struct ConnectionRegistryTests {
    @Test func `a phase reaches the connections there and those that come later`() {
        let registry = ConnectionRegistry<String>()
        #expect(registry.add("first").phase == .serving)
        #expect(registry.enter(.draining) == ["first"])
        #expect(registry.add("second").phase == .draining)
        #expect(registry.enter(.closing).sorted() == ["first", "second"])
        #expect(registry.add("third").phase == .closing)
    }

    @Test func `waiting ends when the last connection is gone`() async {
        let registry = ConnectionRegistry<String>()
        let first = registry.add("first").id
        let second = registry.add("second").id
        async let empty: Void = registry.waitUntilEmpty()
        registry.remove(first)
        #expect(registry.count == 1)
        registry.remove(second)
        await empty
        #expect(registry.count == 0)
        await registry.waitUntilEmpty()
    }
}
