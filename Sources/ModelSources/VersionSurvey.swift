public import Servables

/// One look at a base path, for those who want to know what would be served and do not serve it.
public enum VersionSurvey {
    /// The versions that would be asked for now, and what is worth telling a person about the base path.
    ///
    /// - Parameter prefersTFLite: whether a version with nothing but a `model.tflite` is complete.
    public static func look(
        at model: MonitoredModel,
        prefersTFLite: Bool = false,
        in files: some FileSystem = LocalFileSystem()
    ) -> (versions: [AspiredVersion], problems: [String]) {
        var model = model
        model.settleNanoseconds = 0
        var monitor = BasePathMonitor(model, prefersTFLite: prefersTFLite, settleNanoseconds: 0)
        // Whatever was written before now counts as settled, also where clocks differ.
        let look = monitor.look(at: files, now: .max / 2)
        return (look.announcements.last?.versions ?? [], look.notices.map(\.text))
    }
}

extension BasePathMonitor.Notice {
    fileprivate var text: String {
        switch self {
        case .unreadable(let reason): "the base path cannot be read: \(reason)"
        case .noVersions: "there are no versions in the base path; a version's folder has a number as its name, like 1"
        case .duplicate(let version, let ignored, let used):
            "version \(version) is there twice: \(ignored) is ignored, \(used) used"
        case .incomplete(let version, let defect): "version \(version) is not complete: \(defect)"
        case .notThere(let version): "version \(version) is not there"
        case .notFetched(let version, let reason): "version \(version) is not to be had now: \(reason)"
        case .noneWanted: "no versions are wanted: the list of specific versions is empty"
        }
    }
}
