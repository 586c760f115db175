import EngineInterface
import ServingPrimitives
import ServingProtos
import ServingTestKit
import SwiftProtobuf
import Testing

@testable import FrontendGRPC

@Suite struct ProfilerServiceTests {
    @Test func `one profile is taken at a time`() throws {
        let profiler = Profiler(tracer: RunTracer())
        let first = try profiler.begin(id: "a", maximumEvents: 1) {}
        #expect(throws: ServingError(.alreadyExists, "Another profiling session active.")) {
            try profiler.begin(id: "b", maximumEvents: 1) {}
        }
        #expect(profiler.end(first) != nil)
        #expect(profiler.end(first) == nil)
        let second = try profiler.begin(id: "b", maximumEvents: 1) {}
        #expect(profiler.end(first) == nil)
        #expect(profiler.end(second) != nil)
    }

    @Test func `terminate ends the profile of that id only`() async throws {
        let profiler = Profiler(tracer: RunTracer())
        await confirmation { stopped in
            do {
                let session = try profiler.begin(id: "a", maximumEvents: 1) { stopped() }
                profiler.terminate("b")
                profiler.terminate("a")
                _ = profiler.end(session)
                profiler.terminate("a")
            } catch {
                Issue.record(error)
            }
        }
    }

    @Test func `a request beyond the limits is refused or cut`() throws {
        var request = Tensorflow_ProfileRequest()
        request.durationMs = 5
        request.maxEvents = .max
        #expect(try ProfileAnswer(request).nanoseconds == 5_000_000)
        #expect(try ProfileAnswer(request).maximumEvents == Profiler.maximumEvents)
        request.opts.durationMs = 7
        #expect(try ProfileAnswer(request).nanoseconds == 7_000_000)
        request.opts.durationMs = 600_001
        #expect(throws: ServingError.invalidArgument("duration_ms is 600001; a profile takes at most 600000 ms")) {
            try ProfileAnswer(request)
        }
    }

    @Test func `a server without profiler does not know its methods`() async throws {
        let serving = TestServing(["m": .halfPlusTwo()])
        await serving.serve("m", 1)
        try await withConnection(serving) { client in
            for method in [GRPCMethod.profile, .terminateProfile] {
                let response = await client.call(method, [])
                #expect(response.grpcStatus == 12)
            }
        }
    }

    @Test(arguments: [GRPCMethod.monitor, .startContinuousProfiling, .stopContinuousProfiling, .getSnapshot])
    func `the other methods are unimplemented by name`(method: GRPCMethod) async throws {
        let serving = TestServing(["m": .halfPlusTwo()])
        await serving.serve("m", 1)
        try await withConnection(serving) { client in
            let response = await client.call(method, [])
            #expect(response.grpcStatus == 12)
            let text = response.grpcMessage
            let name = method.rawValue.dropFirst()
            #expect(
                text
                    == (method == .monitor
                        ? "unimplemented." : "\(name) is not implemented by this server; use Profile")
            )
        }
    }
}
