import ServingTestKit
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
            #expect(answer.body == "{\n    \"predictions\": [2.5, 3.0, 4.5\n    ]\n}")
        }
    }

    @Test func `a prediction in columnar form comes back as TensorFlow Serving lays it out`() async throws {
        try await ServerFixture.run { server in
            let answer = try await server.request("POST", "/v1/models/m:predict", body: #"{"inputs": [1.0, 2.0]}"#)
            #expect(answer.body == "{\n    \"outputs\": [\n        2.5,\n        3.0\n    ]\n}")
        }
    }
}
