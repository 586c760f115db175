import AccessControl
import NIOCore
import Servables
import ServingPrimitives
import Testing

@testable import FrontendREST

/// What is decided about a request when its head is there and its body is not.
@Suite struct AdmissionTests {
    private func events(_ connection: inout HTTP1Connection, _ text: String) -> [HTTP1Event] {
        connection.receive(ByteBuffer(string: text))
        var events: [HTTP1Event] = []
        while true {
            let event = connection.next()
            if event == .needsBytes { return events }
            events.append(event)
            if case .failure = event { return events }
        }
    }

    @Test func `a refusal comes before the body, also to a head that was admitted once`() {
        let failure = HTTP1Failure(status: HTTPStatus(.permissionDenied), message: "no")
        var asked = 0
        var connection = HTTP1Connection()
        connection.refusal = { _ in
            asked += 1
            return asked > 1 ? failure : nil
        }
        let head = "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n"
        #expect(events(&connection, head + "hello").count == 1)
        #expect(events(&connection, head) == [.failure(failure)])
        #expect(asked == 2)
    }

    static let keys: [(fields: String, key: String?)] = [
        ("Authorization: Bearer abc", "abc"), ("authorization:bearer abc", "abc"), ("X-API-Key: abc", "abc"),
        ("Authorization: Basic abc", nil), ("Authorization: Bearer one\r\nX-API-Key: two", "one"),
        ("X-API-Key: two\r\nAuthorization: Bearer one", "one"), ("X-API-Key: two\r\nAuthorization: Basic one", "two"),
        ("X-Other: 1", nil),
    ]

    @Test(arguments: keys) func `the key is found`(fields: String, key: String?) {
        var connection = HTTP1Connection()
        var found: [[UInt8]?] = []
        connection.refusal = {
            found.append($0.key)
            return nil
        }
        let head = "GET / HTTP/1.1\r\nHost: x\r\n\(fields)\r\n\r\n"
        _ = events(&connection, head + head)
        #expect(found == [key.map { Array($0.utf8) }, key.map { Array($0.utf8) }])
    }

    @Test func `bodies of all connections share a budget, which comes back with their claims`() {
        let budget = MemoryBudget(limit: 300_000)
        let large = String(repeating: "x", count: 200_000)
        let head = "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n"
        var first = HTTP1Connection(memoryBudget: budget)
        #expect(events(&first, head + large).count == 1)
        var claim = first.takeClaim()
        #expect(budget.claimedByteCount == 200_000)
        var second = HTTP1Connection(memoryBudget: budget)
        #expect(events(&second, head + large) == [.failure(.overBudget)])
        var chunked = HTTP1Connection(memoryBudget: budget)
        let chunks = "POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n30d40\r\n" + large
        #expect(events(&chunked, chunks) == [.failure(.overBudget)])
        #expect(claim != nil)
        claim = nil
        #expect(budget.claimedByteCount == 0)
        var third = HTTP1Connection(memoryBudget: budget)
        #expect(events(&third, head + large).count == 1)
    }

    @Test func `small bodies are not counted`() {
        let budget = MemoryBudget(limit: 0)
        var connection = HTTP1Connection(memoryBudget: budget)
        let text = "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 65536\r\n\r\n" + String(repeating: "x", count: 65536)
        #expect(events(&connection, text).count == 1)
        #expect(connection.takeClaim() == nil)
    }

    static let routes: [(method: HTTP1Method, target: String, verb: AccessVerb?, scope: RequestedRight.Scope?)] = [
        (.post, "/v1/models/m:predict", .predict, .model("m")),
        (.post, "/v1/models/%6d/versions/1:classify", .predict, .model("m")),
        (.get, "/v1/models/m", .status, .model("m")), (.get, "/v1/models/m/labels/l/metadata", .metadata, .model("m")),
        (.get, "/v1/models/m/scheduler", .debug, .model("m")), (.get, "/v1/config", .status, .visibleModels),
        (.get, "/v1/debug/requests", .debug, .visibleModels), (.post, "/v1/config/reload", .control, .allModels),
        (.post, "/v2/repository/index", .status, .visibleModels),
        (.post, "/v2/repository/models/m/load", .control, .model("m")),
        (.post, "/v2/repository/models/m/unload?x", .control, .model("m")),
        (.post, "/v2/repository/plan", .control, .allModels), (.post, "/v2/repository/apply", .control, .allModels),
        (.get, "/v2/repository/plan", nil, nil), (.post, "/v2/repository/apply/m", nil, nil),
        (.get, "/v2", .status, .visibleModels), (.get, "/v2/health/ready", nil, nil),
        (.get, "/v2/models/m/ready", nil, nil),
        (.get, "/v2/repository/index", nil, nil), (.post, "/v2/repository/models/m/other", nil, nil),
        (.post, "/v1/config/reload/", nil, nil), (.get, "/v1/config/reload", nil, nil),
    ]

    @Test(arguments: routes)
    func `each path asks for its right`(
        method: HTTP1Method,
        target: String,
        verb: AccessVerb?,
        scope: RequestedRight.Scope?
    ) {
        let right = RESTRoute(method, Array(target.utf8)).right
        #expect(right?.verb == verb)
        #expect(right?.scope == scope)
    }

    @Test(
        arguments: [
            ("/", .visibleModels), ("/console/samples", .visibleModels), ("/console/about", .visibleModels),
            ("/console/samples?model=m", .model("m")), ("/console/scheduler?model=m", .model("m")),
        ] as [(String, RequestedRight.Scope)]
    )
    func `the console asks for the right to debug`(target: String, scope: RequestedRight.Scope) {
        #expect(ConsolePath(Array(target.utf8))?.right == RequestedRight(.debug, scope))
    }
}
