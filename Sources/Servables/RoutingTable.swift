import ServingPrimitives
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Which version answers which request: the part of the manager that every request passes.
///
/// A request takes a reference to an immutable snapshot, from the copy that its thread shares with few others, and
/// looks it up there: no request waits for a load, an unload or a change. Changes build a new snapshot and swap it in.
/// A snapshot keeps the leases in it alive, so a lookup in one that has just been replaced still gets a version that
/// is loaded.
final class RoutingTable: Sendable {
    private struct Model {
        /// Available versions, lowest first.
        var versions: [ServableLease] = []
        var labels: [String: Int64] = [:]
        /// Where labels lead that are on the way to a version which is not there yet.
        var labelsBefore: [String: Int64] = [:]
        /// A version that is not there but may be asked for: no lower one answers in its place.
        var latestKnown: Int64?

        var isEmpty: Bool { versions.isEmpty && labels.isEmpty && labelsBefore.isEmpty && latestKnown == nil }

        /// What answers those who name no version.
        var latest: ServableLease? {
            guard let last = versions.last, last.id.version >= latestKnown ?? .min else { return nil }
            return last
        }

        func version(_ number: Int64) -> ServableLease? { versions.last { $0.id.version == number } }
    }

    private struct Table {
        var models: [String: Model] = [:]
        var aliases: [String: String] = [:]
    }

    private final class Snapshot: Sendable {
        let models: [String: Model]
        /// What most requests ask for, one reference away.
        let latest: [String: ServableLease]
        /// Second names of models.
        let aliases: [String: String]

        init(_ table: Table) {
            models = table.models
            latest = table.models.compactMapValues(\.latest)
            aliases = table.aliases
        }

        /// What else a name may mean that no model has.
        func name(meantBy name: String) -> String? { models[name] == nil ? aliases[name] : nil }
    }

    /// One copy of the current snapshot. Threads that all locked the same one, and counted references on the same
    /// object, would spend most of a lookup waiting for each other's cache line.
    private final class Slot: Sendable {
        let snapshot = Mutex(Snapshot(Table()))
    }

    private let slots = (0..<16).map { _ in Slot() }
    private let changing = Mutex(Table())

    func lease(_ name: String, _ choice: VersionChoice) throws(ServingError) -> ServableLease {
        let snapshot = slots[Self.slotOfThread()].snapshot.withLock { $0 }
        if case .latest = choice, let lease = snapshot.latest[name] { return lease }
        return try Self.lease(snapshot.name(meantBy: name) ?? name, choice, snapshot)
    }

    private static func lease(
        _ name: String,
        _ choice: VersionChoice,
        _ snapshot: Snapshot
    ) throws(ServingError) -> ServableLease {
        switch choice {
        case .latest:
            if let lease = snapshot.latest[name] { return lease }
            throw .notFound("Servable not found for request: Latest(\(name))")
        case .specific(let number):
            return try specific(number, of: snapshot.models[name], name)
        case .label(let label):
            guard let number = snapshot.models[name]?.labels[label] else {
                throw .invalidArgument("Unrecognized servable version label: \(label)")
            }
            let model = snapshot.models[name]
            if model?.version(number) == nil, let before = model?.labelsBefore[label].flatMap({ model?.version($0) }) {
                return before
            }
            return try specific(number, of: model, name)
        }
    }

    /// Spreads threads over the slots by the address of their descriptor.
    private static func slotOfThread() -> Int {
        Int(truncatingIfNeeded: (UInt64(pthread_self()) &* 0x9E37_79B9_7F4A_7C15) >> 60)
    }

    private static func specific(
        _ number: Int64,
        of model: Model?,
        _ name: String
    ) throws(ServingError) -> ServableLease {
        if let lease = model?.version(number) { return lease }
        throw .notFound("Servable not found for request: Specific(\(name), \(number))")
    }

    /// Lets requests reach the version.
    func publish(_ lease: ServableLease) {
        change(lease.id.name) { model in
            let position = model.versions.firstIndex { $0.id.version > lease.id.version } ?? model.versions.endIndex
            model.versions.insert(lease, at: position)
            // Its labels have arrived: they do not go back when it goes.
            model.labelsBefore = model.labelsBefore.filter { model.labels[$0.key] != lease.id.version }
        }
    }

    /// Lets no new request reach the version, and gives up the table's own hold on it.
    func withdraw(_ id: ServableID) {
        change(id.name) { model in model.versions.removeAll { $0.id == id } }
    }

    /// Says which version is the latest of the model though it may not be there; `nil` for the latest that is.
    func setLatest(_ number: Int64?, of name: String) {
        change(name) { $0.latestKnown = number }
    }

    /// Where a label leads; `nil` for an unknown one.
    func version(labelled label: String, of name: String) -> Int64? {
        changing.withLock { $0.models[name]?.labels[label] }
    }

    /// Replaces the second names of all models. A name that a model has means that model.
    func replaceAliases(_ aliases: [String: String]) { change { $0.aliases = aliases } }

    /// The name of a model that a name stands for; itself where it is no second name.
    func name(meantBy name: String) -> String {
        slots[Self.slotOfThread()].snapshot.withLock { $0 }.name(meantBy: name) ?? name
    }

    /// Replaces the labels of all models. They may name versions that requests cannot reach.
    ///
    /// - Parameter before: where labels lead until their version is there.
    func replaceLabels(_ labels: [String: [String: Int64]], before: [String: [String: Int64]]) {
        change { table in
            for name in Set(table.models.keys).union(labels.keys) {
                table.models[name, default: Model()].labels = labels[name] ?? [:]
                table.models[name]?.labelsBefore = before[name] ?? [:]
            }
        }
    }

    private func change(_ name: String, _ body: (inout Model) -> Void) {
        change { table in
            var model = table.models[name] ?? Model()
            body(&model)
            table.models[name] = model.isEmpty ? nil : model
        }
    }

    private func change(_ body: (inout Table) -> Void) {
        // What is replaced is let go of after the lock: that may end the last lease on a version.
        let replaced = changing.withLock { table in
            let old = table
            body(&table)
            let current = table
            return (old, slots.map { slot in Self.replace(slot, with: Snapshot(current)) })
        }
        withExtendedLifetime(replaced) {}
    }

    private static func replace(_ slot: Slot, with new: Snapshot) -> Snapshot {
        slot.snapshot.withLock { snapshot in
            let old = snapshot
            snapshot = new
            return old
        }
    }
}
