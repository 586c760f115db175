import ModelSources
import Servables

extension RememberedCosts {
    /// What the version in a folder was found to take; `nil` where it was not measured as it is now. Looks at its files
    /// where it may be known: blocks.
    func measuredBytes(of path: String) -> Int? {
        guard entries[path]?.cost.isMeasured ?? false else { return nil }
        return cost(of: path, VersionSize(of: path).fingerprint)?.residentBytes
    }
}
