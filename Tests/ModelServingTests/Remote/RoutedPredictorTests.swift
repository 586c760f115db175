import Cluster
import EngineInterface
import Glibc
import Inference
import Logging
import RemoteRouting
import ServingMetrics
import ServingPrimitives
import Tensors
import Testing

@testable import ModelServing

@Suite struct RoutedPredictorTests {
    /// A server without models, and routes to elsewhere.
    private struct Bench {
        let local = LocalPredictor(threadCount: 1)
        let routes: RemoteRoutes
        let predictor: RoutedPredictor

        init(_ text: String, rules: CallRules = CallRules()) throws {
            routes = RemoteRoutes(
                rules: rules.ejection,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
            routes.set(try RoutesTable(text: Array(text.utf8)))
            predictor = RoutedPredictor(
                local: local,
                routes: routes,
                rules: rules,
                threadCount: 1,
                metrics: RemoteMetrics(MetricRegistry(), routes)
            )
        }

        func ask(_ model: String, deadline: Deadline = .never) async throws -> ServingError? {
            let prediction = RemotePrediction(
                model: model,
                signature: "raw_lookup",
                inputs: [("id", try Tensor(.int64, .vector(1), scalars: [1] as [Int64]))],
                outputs: ["a"],
                deadline: deadline
            )
            let result = await withCheckedContinuation { continuation in
                predictor.predict(prediction) { continuation.resume(returning: $0) }
            }
            if case .failure(let error) = result { return error }
            return nil
        }

        var counts: Counts {
            routes.replicas.reduce(into: Counts()) { sum, entry in
                sum.requests += entry.replica.counts.requests
                sum.failures += entry.replica.counts.failures
                sum.ejections += entry.replica.counts.ejections
            }
        }

        func close() {
            predictor.close()
            local.close()
        }
    }

    /// Of all replicas.
    private struct Counts: Hashable {
        var requests: UInt64 = 0
        var failures: UInt64 = 0
        var ejections: UInt64 = 0
    }

    /// Takes connections, and says nothing.
    private struct SilentServer: ~Copyable {
        let descriptor: CInt
        let port: Int

        init() {
            descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let descriptor = descriptor
            port = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    precondition(bind(descriptor, $0, length) == 0 && listen(descriptor, 16) == 0)
                    precondition(getsockname(descriptor, $0, &length) == 0)
                }
                return Int(UInt16(bigEndian: pointer.pointee.sin_port))
            }
        }

        deinit { Glibc.close(descriptor) }
    }

    @Test func `a call that nobody takes is made of two replicas, and fails as unavailable`() async throws {
        let bench = try Bench("route m:ps_0 127.0.0.1:1 127.0.0.1:2 127.0.0.1:3")
        defer { bench.close() }
        let error = try #require(try await bench.ask("m:ps_0"))
        #expect(error.code == .unavailable)
        #expect(error.message.hasPrefix("TfServingRemotePredict: \"m:ps_0\": 127.0.0.1:"))
        #expect(bench.counts == Counts(requests: 2, failures: 2, ejections: 0))
        #expect(bench.routes.replicas.allSatisfy { $0.replica.outstanding == 0 })
    }

    @Test func `without retries one replica is asked`() async throws {
        var rules = CallRules()
        rules.retries = false
        let bench = try Bench("route m:ps_0 127.0.0.1:1 127.0.0.1:2", rules: rules)
        defer { bench.close() }
        #expect(try await bench.ask("m:ps_0")?.code == .unavailable)
        #expect(bench.counts.requests == 1)
    }

    @Test func `a replica that says nothing is not waited for beyond the deadline`() async throws {
        let server = SilentServer()
        let bench = try Bench("route m:ps_0 127.0.0.1:\(server.port)")
        defer { bench.close() }
        let soon = Deadline.after(nanoseconds: 30_000_000, from: .now())
        let error = try await bench.ask("m:ps_0", deadline: soon)
        #expect(error == .deadlineExceeded("TfServingRemotePredict: \"m:ps_0\" did not answer in time"))
        #expect(bench.counts == Counts(requests: 1, failures: 1, ejections: 0))
        #expect(bench.routes.replicas[0].replica.outstanding == 0)
    }

    @Test func `our own limit counts as the caller's does`() async throws {
        let server = SilentServer()
        var rules = CallRules()
        rules.timeout = 20_000_000
        let bench = try Bench("route m:ps_0 127.0.0.1:\(server.port)", rules: rules)
        defer { bench.close() }
        #expect(try await bench.ask("m:ps_0")?.code == .deadlineExceeded)
    }

    @Test func `a name that nobody has is unavailable`() async throws {
        let bench = try Bench("route m:ps_0 no-such-host.invalid:8500")
        defer { bench.close() }
        let error = try #require(try await bench.ask("m:ps_0"))
        #expect(error.code == .unavailable)
        #expect(error.message.contains("no-such-host.invalid"))
        #expect(error.message.contains("does not resolve"))
        #expect(bench.routes.replicas[0].replica.outstanding == 0)
    }

    @Test func `of a name's addresses one that takes connections will do`() async throws {
        let server = SilentServer()
        let bench = try Bench("route m:ps_0 localhost:\(server.port)")
        defer { bench.close() }
        let soon = Deadline.after(nanoseconds: 200_000_000, from: .now())
        // Were none connected to, it would be unavailable at once.
        #expect(try await bench.ask("m:ps_0", deadline: soon)?.code == .deadlineExceeded)
    }

    @Test func `status tells of every replica, and why routes are old ones`() async throws {
        let bench = try Bench("route m:ps_1 127.0.0.1:1\nroute m:ps_0 127.0.0.1:1 127.0.0.1:2")
        defer { bench.close() }
        let before = bench.routes.changeCount
        for _ in 0..<3 { _ = try await bench.ask("m:ps_1") }
        var report = bench.routes.report()
        #expect(report.routes.map(\.model) == ["m:ps_0", "m:ps_1"])
        #expect(report.routes[0].replicas.map(\.address) == ["127.0.0.1:1", "127.0.0.1:2"])
        #expect(report.routes[0].replicas.allSatisfy { $0.state == .good && $0.requests == 0 })
        #expect(
            report.routes[1].replicas == [
                .init(address: "127.0.0.1:1", state: .leftAlone, requests: 3, failures: 3, ejections: 1)
            ]
        )
        #expect(report.trouble == nil)
        #expect(bench.routes.changeCount > before)
        bench.routes.setTrouble(.unavailable("no discovery"))
        report = bench.routes.report()
        #expect(report.trouble == .unavailable("no discovery"))
        #expect(report.routes.count == 2)
        bench.routes.set(try RoutesTable(text: Array("route m:ps_0 127.0.0.1:1".utf8)))
        #expect(bench.routes.report().trouble == nil)
    }

    @Test func `a model without a route is answered for by this server`() async throws {
        let bench = try Bench("route m:ps_0 127.0.0.1:1")
        defer { bench.close() }
        #expect(try await bench.ask("m:ps_1") == .unavailable("The server is shutting down"))
        #expect(bench.counts.requests == 0)
    }

    @Test func `another table replaces the one before`() async throws {
        let bench = try Bench("route m:ps_0 127.0.0.1:1")
        defer { bench.close() }
        bench.routes.set(try RoutesTable(text: Array("route m:ps_1 127.0.0.1:1".utf8)))
        #expect(bench.routes.first(of: ["m:ps_0"]) == nil)
        #expect(bench.routes.first(of: ["m:ps_0", "m:ps_1"]) == "m:ps_1")
    }

    @Test func `a call after the end is refused`() async throws {
        let bench = try Bench("route m:ps_0 127.0.0.1:1 127.0.0.1:2")
        bench.close()
        #expect(try await bench.ask("m:ps_0")?.code == .unavailable)
    }
}
