import ServingPrimitives
import Testing

@testable import Telemetry

@Suite struct RequestFilterTests {
    @Test func `every parameter is read`() throws {
        let filter = try RequestFilter(query: "model=a%2fb+c&status=not_found&api=predict&kept=slow&limit=7".utf8)
        #expect(filter.model == "a/b c")
        #expect(filter.status == .notFound)
        #expect(filter.api == .predict)
        #expect(filter.kept == .slow)
        #expect(filter.limit == 7)
        #expect(try RequestFilter(query: "".utf8) == RequestFilter())
    }

    @Test func `what is no percent code stays as it is`() throws {
        #expect(try RequestFilter(query: "model=%".utf8).model == "%")
        #expect(try RequestFilter(query: "model=%zz%4".utf8).model == "%zz%4")
        #expect(try RequestFilter(query: "model=%+1".utf8).model == "% 1")
    }

    @Test(arguments: [
        ("limit=0", "limit is \"0\"; expected a number from 1 to 10000"),
        ("limit=99999999999999999999", "limit is \"99999999999999999999\"; expected a number from 1 to 10000"),
        ("kept", "kept is \"\"; expected one of slow, failed"),
        ("a=1", "unknown parameter \"a\"; there are model, status, api, kept and limit"),
    ])
    func `anything else is refused with what was expected`(query: String, message: String) {
        #expect(throws: ServingError.invalidArgument(message)) { try RequestFilter(query: query.utf8) }
    }
}
