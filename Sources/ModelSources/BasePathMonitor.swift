import Servables
import ServingPrimitives

/// What is known of the versions in one model's base path, look after look.
///
/// A version counts when it is complete and was left alone for the settle time, by its own time stamps or by our looks
/// at it: half of a copy is never loaded. Once it counted it does so until its folder is gone. A version that stays
/// incomplete is asked for only where the model has no other, so that its state tells why nothing is served.
struct BasePathMonitor {
    /// Worth telling a person; told again only after it was once not so.
    enum Notice: Hashable {
        case unreadable(reason: String)
        case noVersions
        case duplicate(version: Int64, ignored: String, used: String)
        case incomplete(version: Int64, defect: String)
        case notThere(version: Int64)
        /// The policy is a list of versions, and the list is empty.
        case noneWanted
        /// Its files are not to be had for now.
        case notFetched(version: Int64, reason: String)
    }

    struct Look {
        /// What to ask for, in this order; empty when nothing changed.
        var announcements: [AspiredVersions] = []
        var notices: [Notice] = []
        /// `false` while a version is being written: worth another look soon.
        var isSettled = true
        /// Versions whose files are being fetched, newest first, each with how far that is.
        var coming: [VersionStatus] = []
    }

    fileprivate enum Condition: Hashable {
        case unsettled
        case complete
        case incomplete(VersionDefect)
    }

    private struct Version {
        /// As the base path has it.
        var path: String
        /// Where an engine finds it.
        var localPath: String
        var condition = Condition.unsettled
        var fingerprint: Int?
        /// When the present fingerprint was first seen.
        var unchangedSince: Int64 = 0
        /// What its content said when it had the fingerprint: reading it may take long, and is done once.
        var judged: (fingerprint: Int, defect: VersionDefect?)?
        /// While its files are being fetched.
        var coming: ServingError?

        init(path: String) {
            self.path = path
            self.localPath = path
        }
    }

    private(set) var model: MonitoredModel
    private let prefersTFLite: Bool
    private let defaultSettleNanoseconds: Int64
    private var versions: [Int64: Version] = [:]
    private var announced: AspiredVersions?
    /// Those of `announced` that were not complete.
    private var announcedIncomplete: Set<Int64> = []
    private var told: Set<Notice> = []
    /// What was chosen first, where that is to stay.
    private var chosenOnce: [Int64] = []

    init(_ model: MonitoredModel, prefersTFLite: Bool = false, settleNanoseconds: Int64) {
        self.model = model
        self.prefersTFLite = prefersTFLite
        self.defaultSettleNanoseconds = settleNanoseconds
    }

    var settleNanoseconds: Int64 { model.settleNanoseconds.map { Int64(clamping: $0) } ?? defaultSettleNanoseconds }

    /// Looks for the model under another policy, or in another turn, from the next look on. What is known of the versions
    /// stays known, as the base path is the same.
    mutating func renew(_ model: MonitoredModel) {
        self.model = model
        chosenOnce = []
    }

    /// Looks at the base path. A path that is missing or cannot be read changes nothing.
    ///
    /// - Parameter now: nanoseconds since 1970.
    mutating func look(at files: some FileSystem, now: Int64) -> Look {
        let names: [String]
        do throws(FileSystemError) {
            names = try files.names(in: model.basePath)
        } catch {
            return Look(notices: tell([.unreadable(reason: error.message)]))
        }
        var notices = list(names, files)
        let (chosen, isSettled) = choose(files, now: now)
        notices.formUnion(noticesOfVersions())
        return Look(
            announcements: chosen.map { announce($0) } ?? [],
            notices: tell(notices),
            isSettled: isSettled,
            coming: versions.sorted { $0.key > $1.key }.compactMap { number, version in
                version.coming.map { VersionStatus(version: number, state: .start, error: $0) }
            }
        )
    }

    /// Takes over the version folders among `names`, and forgets those that are gone.
    private mutating func list(_ names: [String], _ files: some FileSystem) -> Set<Notice> {
        var notices: Set<Notice> = []
        var folders: [Int64: String] = [:]
        for name in names.sorted() {
            guard let number = files.version(named: name, in: model.basePath) else { continue }
            if let ignored = folders.updateValue(name, forKey: number) {
                notices.insert(.duplicate(version: number, ignored: ignored, used: name))
            }
        }
        versions = folders.reduce(into: [:]) { result, folder in
            let path = "\(model.basePath)/\(folder.value)"
            let known = versions[folder.key]
            result[folder.key] = known?.path == path ? known : Version(path: path)
        }
        return notices
    }

    /// The versions to ask for; `nil` while the only ones to be had are still being written: what is served stays then.
    private mutating func choose(_ files: some FileSystem, now: Int64) -> (chosen: [Int64]?, isSettled: Bool) {
        let listed = Array(versions.keys)
        var isSettled = true
        for number in listed { versions[number]?.coming = nil }
        if !chosenOnce.isEmpty, chosenOnce.allSatisfy({ versions[$0] != nil }) { return (chosenOnce, true) }
        let complete = model.policy.select(from: listed) { number in
            let condition = examine(number, files, now: now)
            if condition == .unsettled { isSettled = false }
            return condition == .complete
        }
        if case .latestOnce = model.policy { chosenOnce = complete }
        if !complete.isEmpty { return (complete, isSettled) }
        guard isSettled else { return (nil, false) }
        let incomplete = model.policy.select(from: listed) { number in
            if case .incomplete = versions[number]?.condition { true } else { false }
        }
        return (incomplete, true)
    }

    private mutating func examine(_ number: Int64, _ files: some FileSystem, now: Int64) -> Condition {
        guard var version = versions[number] else { return .unsettled }
        if version.condition == .complete { return .complete }
        let folder = VersionFolder(version.path, prefersTFLite: prefersTFLite, in: files)
        if let silence = folder.silence {
            version.coming = .unavailable(silence)
            version.condition = .unsettled
            versions[number] = version
            return .unsettled
        }
        if version.fingerprint != folder.fingerprint {
            version.fingerprint = folder.fingerprint
            version.unchangedSince = now
        }
        let quietSince = min(version.unchangedSince, folder.modified)
        if now - quietSince < settleNanoseconds {
            version.condition = .unsettled
        } else if let defect = folder.defect {
            version.condition = .incomplete(VersionDefect(defect))
        } else {
            version.condition = judge(folder, &version, files)
        }
        versions[number] = version
        return version.condition
    }

    /// Of a version that has all its files and rests: what their content says.
    private func judge(_ folder: VersionFolder, _ version: inout Version, _ files: some FileSystem) -> Condition {
        switch files.stage(version.path, manifest: model.manifest) {
        case .onTheWay(let progress):
            version.coming = ServingError(.ok, progress)
            return .unsettled
        case .failed(let error):
            version.coming = error
            return .unsettled
        case .local(let path, let isVerified):
            version.localPath = path
            let manifest = isVerified ? .ignore : model.manifest
            if version.judged?.fingerprint != folder.fingerprint || version.judged?.defect?.refusal == .unavailable {
                version.judged = (
                    folder.fingerprint, defect(at: path, of: folder, besides: version.path, manifest, files)
                )
            }
            return version.judged?.defect.map(Condition.incomplete) ?? .complete
        }
    }

    private func defect(
        at path: String,
        of folder: VersionFolder,
        besides original: String,
        _ manifest: ManifestRule,
        _ files: some FileSystem
    ) -> VersionDefect? {
        var folder = folder
        if path != original {
            folder = VersionFolder(path, prefersTFLite: prefersTFLite, in: files)
            if let defect = folder.defect { return VersionDefect(defect) }
        }
        return folder.contentDefect(at: path, manifest, in: files)
    }

    private func noticesOfVersions() -> Set<Notice> {
        var notices: Set<Notice> = versions.isEmpty ? [.noVersions] : []
        for (number, version) in versions {
            if case .incomplete(let defect) = version.condition {
                notices.insert(.incomplete(version: number, defect: defect.text))
            }
            if let error = version.coming, error.code != .ok {
                notices.insert(.notFetched(version: number, reason: error.message))
            }
        }
        if case .specific(let wanted) = model.policy {
            if wanted.isEmpty { notices.insert(.noneWanted) }
            for number in wanted where versions[number] == nil { notices.insert(.notThere(version: number)) }
        }
        return notices
    }

    /// Those of `notices` that were not so at the look before.
    private mutating func tell(_ notices: Set<Notice>) -> [Notice] {
        defer { told = notices }
        return notices.subtracting(told).sorted { "\($0)" < "\($1)" }
    }

    private mutating func announce(_ chosen: [Int64]) -> [AspiredVersions] {
        let incomplete = Set(chosen.filter { versions[$0]?.condition != .complete })
        // One that was asked for in vain and has become complete goes and comes back: else its failure would stand.
        let mended = announcedIncomplete.subtracting(incomplete).intersection(chosen)
        var announcements: [AspiredVersions] = []
        if !mended.isEmpty { announcements.append(aspired(chosen.filter { !mended.contains($0) })) }
        announcements.append(aspired(chosen))
        announcedIncomplete = incomplete
        guard announcements.last != announced || announcements.count > 1 else { return [] }
        announced = announcements.last
        return announcements
    }

    private func aspired(_ numbers: [Int64]) -> AspiredVersions {
        AspiredVersions(
            model: model.name,
            versions: numbers.compactMap { number in
                versions[number].map {
                    AspiredVersion(
                        id: ServableID(name: model.name, version: number),
                        path: $0.localPath,
                        defect: $0.condition.refusal(of: number, in: $0.path)
                    )
                }
            }
        )
    }
}

extension BasePathMonitor.Condition {
    fileprivate func refusal(of version: Int64, in path: String) -> ServingError? {
        guard case .incomplete(let defect) = self, let code = defect.refusal else { return nil }
        return ServingError(code, "Version \(version) in \(path) is not complete: \(defect.text)")
    }
}
