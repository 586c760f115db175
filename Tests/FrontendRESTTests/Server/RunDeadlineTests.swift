import EngineInterface
import FrontendREST
import ServingPrimitives
import ServingTestKit
import Synchronization
import Tensors
import Testing

@Suite struct RunDeadlineTests {
    /// Which runs began.
    private final class RunLog: Sendable {
        private let values = Mutex<[Float]>([])
        func note(_ value: Float) { values.withLock { $0.append(value) } }
        var all: [Float] { values.withLock { $0 } }
    }

    /// The engine thread is held up; what waits behind it gets its answer all the same, and is not run any more.
    @Test func `a run that waits for a thread is answered at its deadline`() async throws {
        let (gate, log) = (Gate(), RunLog())
        let model = FakeModel(signatures: FakeModel.halfPlusTwo().signatures) { request in
            log.note(request.inputs[0].scalars(as: Float.self)[0])
            gate.wait()
            return request.inputs
        }
        let configuration = RESTConfiguration(host: "127.0.0.1", port: 0, timeoutMilliseconds: 500)
        try await ServerFixture.run(["m": model], configuration: configuration, engineThreads: 1) { server in
            // Pipelined, so that answers in order need all of the earlier ones.
            let requests = (1...4).map { number in
                let body = #"{"instances": [\#(number)]}"#
                let close = number == 4 ? "Connection: close\r\n" : ""
                return "POST /v1/models/m:predict HTTP/1.1\r\nHost: t\r\n\(close)"
                    + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
            }
            let text = try await server.exchange(requests.joined())
            gate.open()
            // The thread comes to this one when it has done with all before.
            let last = try await server.request("POST", "/v1/models/m:predict", body: #"{"instances": [5]}"#)
            #expect(last.status == 200)
            let answers = text.split(separator: "HTTP/1.1 ").map(String.init)
            #expect(answers.count == 4)
            for answer in answers {
                #expect(answer.hasPrefix("504 Gateway Timeout\r\n"))
                #expect(answer.hasSuffix("{\n    \"error\": \"Timed out waiting for notification\"\n}"))
            }
        }
        #expect(log.all == [1, 5])
    }

    @Test(arguments: [nil, 60_000] as [UInt64?])
    func `an answer in time is the only one`(_ timeoutMilliseconds: UInt64?) async throws {
        let configuration = RESTConfiguration(host: "127.0.0.1", port: 0, timeoutMilliseconds: timeoutMilliseconds)
        try await ServerFixture.run(configuration: configuration) { server in
            let answer = try await server.request("POST", "/v1/models/m:predict", body: #"{"instances": [1.0]}"#)
            #expect(answer.status == 200)
            #expect(answer.body == "{\n    \"predictions\": [2.5\n    ]\n}")
        }
    }
}
