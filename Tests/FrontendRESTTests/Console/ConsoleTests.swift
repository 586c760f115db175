import Inference
import ServerConsole
import ServingPrimitives
import Testing

@testable import FrontendREST

@Suite struct ConsoleTests {
    @Test(
        arguments: [
            ("/", .page), ("/?x=1", .page), ("/console", .page), ("/console/states", .states),
            ("/console/about", .about),
            ("/console/console.js", .file("console.js")), ("/console/", .file("")),
            ("/console/samples", .samples(since: 0, model: nil)),
            ("/console/samples?since=12&model=a%2Fb%26", .samples(since: 12, model: "a/b&")),
            ("/console/scheduler?model=m", .scheduler(model: "m")),
            ("/v1/models/m", nil), ("/x", nil), ("/consolex", nil), ("", nil), ("//", nil), ("*", nil),
        ] as [(String, ConsolePath?)]
    )
    func `paths of the console`(target: String, expected: ConsolePath?) {
        #expect(ConsolePath(Array(target.utf8)) == expected)
    }

    @Test(arguments: ["-1", "", "x", "99999999999999999999", "1.5"])
    func `a number that is none is refused`(text: String) throws {
        guard case .unusable(let error) = ConsolePath(Array("/console/samples?since=\(text)".utf8)) else {
            return #expect(Bool(false), "\(text) was taken")
        }
        #expect(error.message == "since is \"\(text)\"; expected the number of a sample, 0 or more")
    }

    @Test func `the page says what a browser may do with it, and is not counted`() async throws {
        try await ServerFixture.run(hasConsole: true) { server in
            let page = try await server.request("GET", "/")
            #expect(page.status == 200)
            #expect(page.fields.contains("Content-Type: text/html; charset=utf-8"))
            let policy = try #require(
                page.fields.first { $0.hasPrefix("Content-Security-Policy: default-src 'none'; ") }
            )
            #expect(policy.contains("script-src 'self'; style-src 'self'; img-src 'self' data: blob:;"))
            #expect(page.fields.contains("X-Content-Type-Options: nosniff"))
            #expect(page.body.contains("data-model=\"m\""))
            let script = try await server.request("GET", "/console/console.js")
            #expect(script.fields.contains("Content-Type: text/javascript; charset=utf-8"))
            let head = try await server.request("HEAD", "/")
            #expect(head.status == 200 && head.body == "")
            for (method, path, status) in [
                ("GET", "/console/console.css", 200), ("GET", "/console/icon.svg", 200), ("GET", "/console/none", 404),
                ("POST", "/", 404), ("GET", "/console/scheduler", 400), ("GET", "/console/scheduler?model=none", 404),
                ("GET", "/console/samples?since=x", 400), ("GET", "/console/states", 200),
                ("GET", "/console/about", 200),
            ] {
                let answer = try await server.request(method, path)
                #expect(answer.status == status, "\(method) \(path)")
            }
            let metrics = try await server.request("GET", "/metrics").body
            #expect(!metrics.contains("request_count{"))
        }
    }

    @Test func `samples come as columns, of all models or of one`() async throws {
        try await ServerFixture.run(hasConsole: true) { server in
            let console = try #require(server.console)
            console.takeSample()
            _ = try await server.request("POST", "/v1/models/m:predict", body: #"{"instances": [1.0]}"#)
            _ = try await server.request("POST", "/v1/models/none:predict", body: #"{"instances": [1.0]}"#)
            console.takeSample()
            let all = try await server.request("GET", "/console/samples").body
            #expect(all.contains(#""next": 1"#))
            #expect(all.contains(#/"succeeded": \[[0-9.]+\]/#))
            #expect(all.contains(#/"p99": \[[0-9.]+\]/#))
            #expect(!all.contains("\"failed\": [0]"))
            let one = try await server.request("GET", "/console/samples?model=m").body
            #expect(one.contains("\"failed\": [0]"))
            let later = try await server.request("GET", "/console/samples?since=1").body
            #expect(later.contains("\"succeeded\": []"))
            let other = try await server.request("GET", "/console/samples?model=other").body
            #expect(other.contains("\"succeeded\": [0]"))
            #expect(other.contains("\"p50\": [null]"))
        }
    }

    @Test func `without a console its paths are not there`() async throws {
        try await ServerFixture.run { server in
            for path in ["/", "/console", "/console/about"] {
                let answer = try await server.request("GET", path)
                #expect(answer.status == 404)
            }
        }
    }
}
