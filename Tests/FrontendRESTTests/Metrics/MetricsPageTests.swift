import Inference
import ServingMetrics
import Testing

@testable import FrontendREST

@Suite struct MetricsPageTests {
    @Test(arguments: [
        ("/metrics", MetricsPath.Match.page), ("/metrics?name=x", .page), ("/monitoring/p", .page),
        ("/monitoring/p?a=b", .unexpected("Unexpected path: /monitoring/p?a=b. Should be /monitoring/p")),
        ("/monitoring/p/", nil), ("/monitoring", nil), ("/metricsx", nil), ("/v1/models/m", nil), ("", nil),
    ])
    func `the page is at the configured path and at our own`(target: String, expected: MetricsPath.Match?) {
        #expect(MetricsPath(stock: "/monitoring/p").match(Array(target.utf8)) == expected)
    }

    @Test func `without configuration the page is at our own path only`() async throws {
        try await ServerFixture.run { server in
            #expect(try await server.request("GET", "/monitoring/prometheus/metrics").status == 404)
            let answer = try await server.request("GET", "/metrics")
            #expect(answer.status == 200)
            #expect(answer.fields.contains("Content-Type: text/plain"))
            #expect(answer.body.contains("# TYPE :tensorflow:serving:request_count counter\n"))
        }
    }

    @Test func `a query string on the configured path is refused as TensorFlow Serving does`() async throws {
        let configuration = RESTConfiguration(host: "127.0.0.1", port: 0, metricsPath: "/monitoring/p")
        try await ServerFixture.run(configuration: configuration) { server in
            #expect(try await server.request("GET", "/monitoring/p").status == 200)
            let answer = try await server.request("GET", "/monitoring/p?x")
            #expect(answer.status == 400)
            #expect(answer.fields.contains("Content-Type: text/plain"))
            #expect(answer.body == "Unexpected path: /monitoring/p?x. Should be /monitoring/p")
        }
    }

    @Test func `every call under v1 is counted, successes are timed, other paths are not counted`() async throws {
        try await ServerFixture.run { server in
            let body = #"{"instances": [1.0]}"#
            for (method, path, body) in [
                ("POST", "/v1/models/m:predict", body), ("POST", "/v1/models/m:predict", "{"),
                ("POST", "/v1/models/n:predict", body), ("GET", "/v1/models/m", ""),
                ("GET", "/v1/models/m/metadata", ""), ("PUT", "/v1/models/m", ""), ("OPTIONS", "/v1/x", ""),
                ("GET", "/v2/health/live", ""), ("GET", "/elsewhere", ""),
            ] {
                _ = try await server.request(method, path, body: body)
            }
            let page = try await server.request("GET", "/metrics").body.split(separator: "\n").map(String.init)
            let name = ":tensorflow:serving:request_count"
            #expect(
                page.filter { $0.hasPrefix("\(name){") } == [
                    #"\#(name){model_name="",status="FAILED_PRECONDITION"} 1"#,
                    #"\#(name){model_name="",status="INVALID_ARGUMENT"} 1"#,
                    #"\#(name){model_name="m",status="INVALID_ARGUMENT"} 1"#,
                    #"\#(name){model_name="m",status="OK"} 3"#,
                    #"\#(name){model_name="n",status="NOT_FOUND"} 1"#,
                ]
            )
            #expect(
                page.filter { $0.hasPrefix(":tensorflow:serving:request_latency_count{") } == [
                    #":tensorflow:serving:request_latency_count{model_name="m",API="",entrypoint="REST"} 2"#,
                    #":tensorflow:serving:request_latency_count{model_name="m",API="predict",entrypoint="REST"} 1"#,
                ]
            )
        }
    }
}
