public import Servables
public import ServingPrimitives
import Synchronization

/// Loaders that do nothing of themselves: every load and unload waits until the test says how it ends.
public final class PuppetLoaders: ServableLoaderFactory {
    /// A load that has begun.
    public final class Load: Sendable {
        public let version: AspiredVersion
        fileprivate let gate = Gate()
        fileprivate let error = Mutex<ServingError?>(nil)

        fileprivate init(_ version: AspiredVersion) { self.version = version }

        public func succeed() { gate.open() }

        public func fail(_ error: ServingError) {
            self.error.withLock { $0 = error }
            gate.open()
        }
    }

    /// An unload that has begun.
    public final class Unload: Sendable {
        public let id: ServableID
        fileprivate let gate = Gate()

        fileprivate init(_ id: ServableID) { self.id = id }

        public func finish() { gate.open() }
    }

    private struct Loader: ServableLoader {
        let version: AspiredVersion
        let factory: PuppetLoaders

        func load() throws(ServingError) -> any Servable {
            let load = Load(version)
            factory.loadStarted.yield(load)
            load.gate.wait()
            if let error = load.error.withLock({ $0 }) { throw error }
            return PuppetServable(version.id)
        }

        func unload(_ servable: any Servable) {
            (servable as? PuppetServable)?.isUnloaded.store(true, ordering: .sequentiallyConsistent)
            let unload = Unload(version.id)
            factory.unloadStarted.yield(unload)
            unload.gate.wait()
        }
    }

    private let loads: AsyncStream<Load>
    private let loadStarted: AsyncStream<Load>.Continuation
    private let unloads: AsyncStream<Unload>
    private let unloadStarted: AsyncStream<Unload>.Continuation

    public init() {
        (loads, loadStarted) = AsyncStream.makeStream()
        (unloads, unloadStarted) = AsyncStream.makeStream()
    }

    public func loader(for version: AspiredVersion) -> any ServableLoader { Loader(version: version, factory: self) }

    /// Waits for the next load to begin.
    public func nextLoad() async throws -> Load { try await Self.next(loads) }

    /// Waits for the next unload to begin.
    public func nextUnload() async throws -> Unload { try await Self.next(unloads) }

    private static func next<Element: Sendable>(_ stream: AsyncStream<Element>) async throws -> Element {
        guard let element = await stream.first(where: { _ in true }) else { throw CancellationError() }
        return element
    }
}

/// What a puppet load gives.
public final class PuppetServable: Servable {
    public let id: ServableID
    fileprivate let isUnloaded = Atomic<Bool>(false)

    init(_ id: ServableID) { self.id = id }

    /// Whether its unload has begun: from then on nobody may hold a lease on it.
    public var isGone: Bool { isUnloaded.load(ordering: .sequentiallyConsistent) }
}
