import Servables
import ServingPrimitives
import ServingTestKit
import Synchronization
import Testing

/// Loads at once. A version is marked when its unload begins.
private struct InstantLoaders: ServableLoaderFactory {
    final class Version: Servable {
        let number: Int64
        let isGone = Atomic(false)

        init(_ number: Int64) { self.number = number }
    }

    private struct Loader: ServableLoader {
        let number: Int64

        func load() throws(ServingError) -> any Servable { Version(number) }

        func unload(_ servable: any Servable) {
            (servable as? Version)?.isGone.store(true, ordering: .sequentiallyConsistent)
        }
    }

    func loader(for version: AspiredVersion) -> any ServableLoader { Loader(number: version.id.version) }
}

@Suite struct LeaseStressTests {
    @Test func `threads that lease while versions change always get one that is loaded`() async throws {
        let manager = ServableManager(loaders: InstantLoaders())
        let recorder = StateRecorder(manager)
        func serve(_ number: Int64) async {
            let version = AspiredVersion(id: ServableID(name: "m", version: number), path: "")
            manager.aspire(AspiredVersions(model: "m", versions: [version]))
            await recorder.wait(for: number, .available)
        }
        await serve(1)

        let isOver = SharedFlag()
        let (finished, finish) = AsyncStream<LeasingResult>.makeStream()
        for index in 0..<4 {
            startThread(named: "lease-\(index)") {
                finish.yield(LeasingResult.lease(from: manager, choice: index == 0 ? .specific(1) : .latest, isOver))
            }
        }
        for number in 2...200 { await serve(Int64(number)) }
        isOver.set()
        var results: [LeasingResult] = []
        for await result in finished {
            results.append(result)
            if results.count == 4 { break }
        }

        #expect(results.allSatisfy { $0.onUnloaded == 0 && $0.wentBack == 0 })
        #expect(results.filter { $0.choice == .latest }.allSatisfy { $0.refused == 0 && $0.leased > 0 })
        await manager.shutdown()
        #expect(manager.status(of: "m").allSatisfy { $0.state == .end && $0.error == nil })
        #expect(manager.status(of: "m").count == 200)
    }
}

private final class SharedFlag: Sendable {
    private let value = Atomic(false)
    var isSet: Bool { value.load(ordering: .relaxed) }
    func set() { value.store(true, ordering: .relaxed) }
}

/// What one thread saw.
private struct LeasingResult: Sendable {
    var choice: VersionChoice
    var leased = 0
    var refused = 0
    var onUnloaded = 0
    var wentBack = 0

    static func lease(from manager: ServableManager, choice: VersionChoice, _ isOver: SharedFlag) -> LeasingResult {
        var result = LeasingResult(choice: choice)
        var newest: Int64 = 0
        repeat {
            guard let lease = try? manager.lease("m", choice),
                let version = lease.servable as? InstantLoaders.Version
            else {
                result.refused += 1
                continue
            }
            result.leased += 1
            if version.number < newest { result.wentBack += 1 }
            newest = version.number
            if version.isGone.load(ordering: .sequentiallyConsistent) { result.onUnloaded += 1 }
            withExtendedLifetime(lease) {}
        } while !isOver.isSet
        return result
    }
}
