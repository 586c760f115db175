import EngineInterface
import FrontendREST
import Inference
import NIOCore
import NIOPosix
import Servables
import ServingPrimitives
import ServingTestKit
import Tensors
import Testing

@Suite struct RESTServerTests {
    @Test func `a prediction in row form comes back as TensorFlow Serving lays it out`() async throws {
        try await ServerFixture.run { server in
            let answer = try await server.request(
                "POST",
                "/v1/models/m:predict",
                body: #"{"instances": [1.0, 2.0, 5.0]}"#
            )
            #expect(answer.status == 200)
            #expect(answer.fields.contains("Content-Type: application/json"))
            #expect(answer.fields.contains { $0.hasPrefix("Date: ") && $0.hasSuffix(" GMT") })
            #expect(answer.fields.contains("Content-Length: \(answer.body.utf8.count)"))
            #expect(answer.body == "{\n    \"predictions\": [2.5, 3.0, 4.5\n    ]\n}")
        }
    }

    @Test func `a prediction in columnar form comes back as TensorFlow Serving lays it out`() async throws {
        try await ServerFixture.run { server in
            let answer = try await server.request(
                "POST",
                "/v1/models/m/versions/1:predict",
                body: #"{"inputs": [1.0, 2.0]}"#
            )
            #expect(answer.body == "{\n    \"outputs\": [\n        2.5,\n        3.0\n    ]\n}")
        }
    }

    static let refusals: [(method: String, path: String, body: String, status: Int, error: String)] = [
        ("POST", "/v1/models/n:predict", #"{"instances": [1]}"#, 404, "Servable not found for request: Latest(n)"),
        (
            "POST", "/v1/models/m/versions/7:predict", #"{"instances": [1]}"#, 404,
            "Servable not found for request: Specific(m, 7)"
        ),
        (
            "POST", "/v1/models/m/labels/l:predict", #"{"instances": [1]}"#, 400,
            "Unrecognized servable version label: l"
        ),
        (
            "POST", "/v1/models/m:predict", #"{"instances": [1], "signature_name": "s"}"#, 400,
            #"Serving signature name: \"s\" not found in signature def"#
        ),
        ("POST", "/v1/models/m:predict", "", 400, "JSON Parse error: The document is empty"),
        (
            "POST", "/v1/models/m:classify", "{}", 400,
            "JSON Value: {} When method is classify, key 'examples' is expected and was not found"
        ),
        (
            "POST", "/v1/models/m:classify", #"{"signature_name": "s", "examples": [{}]}"#, 400,
            "No signature was found with the name: s"
        ),
        (
            "POST", "/v1/models/n/versions/2:regress", #"{"examples": [{}]}"#, 404,
            "Servable not found for request: Specific(n, 2)"
        ),
        ("GET", "/v1/models/n", "", 404, "Could not find any versions of model n"),
        ("GET", "/v1/models/m/versions/7", "", 404, "Could not find version 7 of model m"),
        ("GET", "/v1/models", "", 400, "Missing model name in request."),
        ("GET", "/v1/models/m:predict", "", 400, "Malformed request: GET /v1/models/m:predict"),
        ("DELETE", "/v1/models/m", "", 400, "Malformed request: DELETE /v1/models/m"),
        (
            "GET", "/v1/models/m/versions/99999999999999999999", "", 400,
            "Failed to convert version: 99999999999999999999 to numeric."
        ),
    ]

    @Test func `refusals have TensorFlow Serving's status and text`() async throws {
        try await ServerFixture.run { server in
            for refusal in Self.refusals {
                let answer = try await server.request(refusal.method, refusal.path, body: refusal.body)
                #expect(answer.status == refusal.status, "\(refusal.path)")
                #expect(answer.body == "{\n    \"error\": \"\(refusal.error)\"\n}")
                #expect(answer.fields.contains("Content-Type: application/json"))
            }
        }
    }

    @Test func `a path outside is answered by a page`() async throws {
        try await ServerFixture.run { server in
            let answer = try await server.request("GET", "/index.html")
            #expect(answer.status == 404)
            #expect(answer.fields.contains("Content-Type: text/html"))
            #expect(try await server.request("BREW", "/pot").status == 501)
        }
    }

    @Test func `a model's status has protobuf's JSON form`() async throws {
        try await ServerFixture.run { server in
            let body = try await server.request("GET", "/v1/models/m").body
            #expect(
                body == """
                    {
                     "model_version_status": [
                      {
                       "version": "1",
                       "state": "AVAILABLE",
                       "status": {
                        "error_code": "OK",
                        "error_message": ""
                       }
                      }
                     ]
                    }

                    """
            )
            #expect(try await server.request("GET", "/v1/models/m/labels/any").body == body)
        }
    }

    @Test func `a model's metadata has protobuf's JSON form`() async throws {
        try await ServerFixture.run { server in
            let tensor = { (name: String) in
                """
                    "\(name)": {
                     "dtype": "DT_FLOAT",
                     "tensor_shape": {
                      "dim": [
                       {
                        "size": "-1",
                        "name": ""
                       }
                      ],
                      "unknown_rank": false
                     },
                     "name": "\(name):0"
                    }
                """
            }
            let body = try await server.request("GET", "/v1/models/m/metadata").body
            #expect(
                body == """
                    {
                    "model_spec":{
                     "name": "m",
                     "signature_name": "",
                     "version": "1"
                    }
                    ,
                    "metadata": {"signature_def": {
                     "signature_def": {
                      "serving_default": {
                       "inputs": {
                    \(tensor("x"))
                       },
                       "outputs": {
                    \(tensor("y"))
                       },
                       "method_name": "tensorflow/serving/predict",
                       "defaults": {}
                      }
                     }
                    }
                    }
                    }

                    """
            )
        }
    }

    @Test func `readiness follows the models and liveness does not`() async throws {
        try await ServerFixture.run { server in
            #expect(try await server.request("GET", "/v2/health/ready").status == 200)
            #expect(try await server.request("GET", "/v2/models/m/ready").status == 200)
            #expect(try await server.request("GET", "/v2/models/m/versions/2/ready").status == 404)
            #expect(try await server.request("GET", "/v2/models/n/ready").status == 404)
            let head = try await server.request("HEAD", "/v2/health/live")
            #expect(head.status == 200 && head.body.isEmpty)
            await server.manager.shutdown()
            let answer = try await server.request("GET", "/v2/health/ready")
            #expect(answer.status == 503)
            #expect(answer.body.contains(#"{"name": "m", "reason": "Version 1 is in state END"}"#))
            #expect(try await server.request("GET", "/v2/models/m/ready").status == 503)
            #expect(try await server.request("GET", "/v2/health/live").status == 200)
        }
    }

    @Test(arguments: [false, true])
    func `CORS fields come when they are switched on`(_ enablesCORS: Bool) async throws {
        let configuration = RESTConfiguration(host: "127.0.0.1", port: 0, enablesCORS: enablesCORS)
        try await ServerFixture.run(configuration: configuration) { server in
            let field = "Access-Control-Allow-Origin: *"
            #expect(try await server.request("GET", "/v1/models").fields.contains(field) == enablesCORS)
            #expect(try await !server.request("GET", "/v2/health/live").fields.contains(field))
            let preflight = try await server.exchange(
                "OPTIONS /v1/models/m:predict HTTP/1.1\r\nHost: t\r\nOrigin: https://a\r\nConnection: close\r\n\r\n"
            )
            let answer = Answer(preflight)
            #expect(answer.status == 200 && answer.body.isEmpty)
            #expect(answer.fields.contains(field) == enablesCORS)
            #expect(!answer.fields.contains { $0.hasPrefix("Content-Type") })
            #expect(try await server.request("OPTIONS", "/v1/models").status == 400)
        }
    }

    @Test func `answers of pipelined requests keep their order whatever finishes first`() async throws {
        let gate = Gate()
        let model = FakeModel(signatures: FakeModel.halfPlusTwo().signatures) { request throws(ServingError) in
            // The first call ends only when the second has ended.
            let first = request.inputs[0].scalars(as: Float.self)[0] == 1
            if first { gate.wait() } else { gate.open() }
            return [request.inputs[0]]
        }
        try await ServerFixture.run(["m": model]) { server in
            func post(_ value: Int, _ more: String = "") -> String {
                let body = #"{"instances": [\#(value)]}"#
                return "POST /v1/models/m:predict HTTP/1.1\r\nHost: t\r\n\(more)"
                    + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
            }
            let text = try await server.exchange(post(1) + post(2) + post(3, "Connection: close\r\n"))
            let bodies = text.split(separator: "\r\n\r\n").dropFirst().map { $0.prefix { $0 != "]" } }
            #expect(bodies.map { $0.filter(\.isNumber) } == ["10", "20", "30"])
        }
    }

    @Test func `a timed out run answers 504`() async throws {
        let model = FakeModel(signatures: FakeModel.halfPlusTwo().signatures) { request throws(ServingError) in
            guard !request.deadline.isNever else { return [request.inputs[0]] }
            throw .deadlineExceeded("Timed out waiting for notification")
        }
        try await ServerFixture.run(["m": model]) { server in
            let answer = try await server.request("POST", "/v1/models/m:predict", body: #"{"instances": [1]}"#)
            #expect(answer.status == 504)
            #expect(answer.body == "{\n    \"error\": \"Timed out waiting for notification\"\n}")
        }
        let configuration = RESTConfiguration(host: "127.0.0.1", port: 0, timeoutMilliseconds: nil)
        try await ServerFixture.run(["m": model], configuration: configuration) { server in
            let answer = try await server.request("POST", "/v1/models/m:predict", body: #"{"instances": [1]}"#)
            #expect(answer.status == 200)
        }
    }

    @Test func `a fault in the framing is answered and ends the connection`() async throws {
        try await ServerFixture.run { server in
            let text = try await server.exchange("GET /v2/health/live HTTP/1.1\r\nHost: t\r\n\r\nnonsense\r\n")
            #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(text.contains("HTTP/1.1 400 Bad Request\r\n"))
            #expect(text.hasSuffix("{\n    \"error\": \"The request line is not METHOD TARGET VERSION\"\n}"))
        }
    }

    @Test func `a client that ends its sending side still gets its answers`() async throws {
        try await ServerFixture.run { server in
            let text = try await server.exchange(
                "GET /v2/health/live HTTP/1.1\r\nHost: t\r\n\r\nGET /v1/models/m HTTP/1.1\r\nHost: t\r\n\r\n",
                finishesOutput: true
            )
            #expect(text.components(of: "HTTP/1.1 200 OK") == 2)
        }
    }

    @Test func `more requests than may wait are all answered`() async throws {
        let configuration = RESTConfiguration(host: "127.0.0.1", port: 0, maximumPipelinedRequests: 2)
        try await ServerFixture.run(configuration: configuration) { server in
            let body = #"{"instances": [1]}"#
            let post =
                "POST /v1/models/m:predict HTTP/1.1\r\nHost: t\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
            let last = "GET /v2/health/live HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"
            let text = try await server.exchange(String(repeating: post, count: 50) + last)
            #expect(text.components(of: "HTTP/1.1 200 OK") == 51)
        }
    }

    @Test func `large bodies are answered in order, whatever is wrong with them`() async throws {
        try await ServerFixture.run { server in
            // Read on another thread from 256 KiB on.
            func post(_ values: [String]) -> String {
                let body = "{\"instances\": [\(values.joined(separator: ", "))]}"
                return "POST /v1/models/m:predict HTTP/1.1\r\nHost: t\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
                    + body
            }
            let large = Array(repeating: "1.5", count: 100_000)
            let text = try await server.exchange(
                post(large) + post(["2"]) + post(large + ["true"]) + post(large + ["1.", "2"]) + post(["4"])
                    + "GET /v2/health/live HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"
            )
            let answers = text.split(separator: "HTTP/1.1 ").map { Answer("HTTP/1.1 " + $0) }
            #expect(answers.map(\.status) == [200, 200, 400, 400, 200, 200])
            #expect(answers[0].body.components(of: "2.75") == 100_000)
            #expect(answers[1].body == "{\n    \"predictions\": [3.0\n    ]\n}")
            #expect(answers[2].body.contains("JSON Value: true Type: True is not of expected type: float"))
            #expect(answers[3].body.contains("Miss fraction part in number."))
            #expect(answers[4].body == "{\n    \"predictions\": [4.0\n    ]\n}")
        }
    }

    @Test func `a client that leaves while its body is read harms nobody`() async throws {
        try await ServerFixture.run { server in
            let body = "{\"instances\": [\(Array(repeating: "1.5", count: 100_000).joined(separator: ","))]}"
            let head = "POST /v1/models/m:predict HTTP/1.1\r\nHost: t\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
            for _ in 0..<5 {
                let channel = try await ClientBootstrap(group: server.group)
                    .connect(host: "127.0.0.1", port: server.port).get()
                try await channel.writeAndFlush(ByteBuffer(string: head + body)).get()
                try await channel.close().get()
            }
            #expect(try await server.request("GET", "/v2/health/live").status == 200)
        }
    }

    @Test func `a client that waits to send its body is told to go on`() async throws {
        try await ServerFixture.run { server in
            let body = #"{"instances": [1]}"#
            let client = try await RawClient(port: server.port, group: server.group)
            let text = try await client.exchange(
                [
                    "POST /v1/models/m:predict HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\n"
                        + "Connection: close\r\nContent-Length: \(body.utf8.count)\r\n\r\n", body,
                ]
            )
            #expect(text.hasSuffix("{\n    \"predictions\": [2.5\n    ]\n}"))
        }
    }

    @Test func `shutdown answers what has begun and ends idle connections`() async throws {
        let gate = Gate()
        let (begun, continuation) = AsyncStream<Void>.makeStream()
        let model = FakeModel(signatures: FakeModel.halfPlusTwo().signatures) { request throws(ServingError) in
            continuation.yield()
            gate.wait()
            return [request.inputs[0]]
        }
        try await ServerFixture.run(["ending": model]) { server in
            let body = #"{"instances": [1]}"#
            let idle = try await RawClient(port: server.port, group: server.group)
            async let idleEnd = idle.exchange(["GET /v2/health/live HTTP/1.1\r\nHost: t\r\n\r\n"])
            async let answer = server.exchange(
                "POST /v1/models/ending:predict HTTP/1.1\r\nHost: t\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
            )
            for await _ in begun { break }
            async let shutdown: Void = server.server.shutdown(grace: .seconds(30))
            #expect(try await idleEnd.hasPrefix("HTTP/1.1 200 OK"))
            gate.open()
            #expect(try await answer.contains("\r\nConnection: close\r\n"))
            await shutdown
            // The port is closed, or by now that of another test's server, which has no such model.
            let later = try? await server.request("GET", "/v1/models/ending")
            #expect(later?.status != 200)
        }
    }
}

extension String {
    /// How often `part` occurs.
    func components(of part: String) -> Int {
        var count = 0
        var rest = self[...]
        while let range = rest.firstRange(of: part) {
            count += 1
            rest = rest[range.upperBound...]
        }
        return count
    }
}
