import EngineInterface
import Logging
import ServingPrimitives
import Synchronization

/// Loads versions with the same files once, whatever they are called: between versions and names, on the same device.
///
/// A version whose files are those of one in memory, or on its way there, gets a hold on that copy. Warm-up, queues,
/// breakers and metrics are above this, and each version's own.
final class SharingEngine: InferenceEngine {
    private struct Key: Hashable {
        var number: UInt64
        var tags: [String]
        var device: DeviceName?
    }

    private enum Outcome {
        case loaded(any LoadedModel)
        /// The files changed under the load: what was loaded is one version's own.
        case changed
    }

    /// One copy, from the moment in which its load begins.
    private final class Copy: Sendable {
        let number: UInt64
        let path: String
        let outcome = BlockingResult<Outcome, ServingError>()

        init(number: UInt64, path: String) {
            self.number = number
            self.path = path
        }
    }

    private struct State {
        var copies: [Key: Copy] = [:]
        var holders: [ObjectIdentifier: Int] = [:]
        /// What the engine says of contents, by their numbers: of those that two versions have.
        var canShare: [UInt64: Bool] = [:]
    }

    let name: String
    private let engine: any InferenceEngine
    private let contents: ContentNumbers
    private let logger: Logger
    private let state = Mutex(State())

    init(_ engine: any InferenceEngine, contents: ContentNumbers, logger: Logger) {
        name = engine.name
        self.engine = engine
        self.contents = contents
        self.logger = logger
    }

    func canShare(_ request: LoadRequest) -> Bool { engine.canShare(request) }

    func load(_ request: LoadRequest) throws(ServingError) -> any LoadedModel {
        guard let content = contents.content(of: request.path) else { return try engine.load(request) }
        let key = Key(number: content.number, tags: request.tags, device: request.device)
        let (copy, isFirst) = state.withLock { state in
            let copy = state.copies[key]
            let held =
                copy ?? Copy(number: request.device == nil ? content.number : contents.next(), path: request.path)
            state.copies[key] = held
            state.holders[ObjectIdentifier(held), default: 0] += 1
            return (held, copy == nil)
        }
        if isFirst { return try begin(copy, key, request, content.stamp) }
        // Asked with a hold on the copy: one that came between two looks would be shared by mistake.
        guard canShare(content, request) else {
            if letGo(copy, key), case .success(.loaded(let model)) = copy.outcome.wait() { model.close() }
            return try engine.load(request)
        }
        return try join(copy, key, request)
    }

    /// Of the files of the version alone, before it is loaded: what it shares a copy with when both are in memory.
    ///
    /// - Returns: `nil` for one that is like no other, or that the engine does not share.
    func expectedCopy(of request: LoadRequest) -> UInt64? {
        guard let content = contents.content(of: request.path), content.hasTwin, canShare(content, request) else {
            return nil
        }
        return content.number
    }

    private func begin(
        _ copy: Copy,
        _ key: Key,
        _ request: LoadRequest,
        _ stamp: FolderStamp
    ) throws(ServingError) -> any LoadedModel {
        do throws(ServingError) {
            let model = try engine.load(request)
            guard contents.isUnchanged(request.path, since: stamp) else {
                forget(copy, key)
                copy.outcome.set(.success(.changed))
                return model
            }
            copy.outcome.set(.success(.loaded(model)))
            return hold(model, copy, key, wasThere: false)
        } catch {
            // Whoever comes from now on tries again.
            forget(copy, key)
            copy.outcome.set(.failure(error))
            throw error
        }
    }

    private func join(_ copy: Copy, _ key: Key, _ request: LoadRequest) throws(ServingError) -> any LoadedModel {
        switch copy.outcome.wait() {
        case .success(.loaded(let model)):
            logger.info(
                "A version shares the copy in memory of another with the same files",
                metadata: ["path": "\(request.path)", "loaded_from": "\(copy.path)"]
            )
            return hold(model, copy, key, wasThere: true)
        case .success(.changed):
            return try engine.load(request)
        case .failure(let error):
            // The same files fail in the same way.
            throw ServingError(
                error.code,
                error.message.replacing(copy.path, with: request.path),
                retryAfterNanoseconds: error.retryAfterNanoseconds
            )
        }
    }

    private func hold(_ model: any LoadedModel, _ copy: Copy, _ key: Key, wasThere: Bool) -> SharedModel {
        SharedModel(model, SharedCopy(number: copy.number, wasThere: wasThere)) { [self] in
            if letGo(copy, key) { model.close() }
        }
    }

    /// - Returns: whether nobody holds the copy any more.
    private func letGo(_ copy: Copy, _ key: Key) -> Bool {
        state.withLock { state in
            let holders = (state.holders[ObjectIdentifier(copy)] ?? 1) - 1
            state.holders[ObjectIdentifier(copy)] = holders == 0 ? nil : holders
            guard holders == 0 else { return false }
            if state.copies[key] === copy { state.copies[key] = nil }
            return true
        }
    }

    /// The copy is nothing that anybody could hold.
    private func forget(_ copy: Copy, _ key: Key) {
        state.withLock { state in
            state.holders[ObjectIdentifier(copy)] = nil
            if state.copies[key] === copy { state.copies[key] = nil }
        }
    }

    private func canShare(_ content: ContentNumbers.Content, _ request: LoadRequest) -> Bool {
        if let known = state.withLock({ $0.canShare[content.number] }) { return known }
        let canShare = engine.canShare(request)
        state.withLock { $0.canShare[content.number] = canShare }
        return canShare
    }
}
