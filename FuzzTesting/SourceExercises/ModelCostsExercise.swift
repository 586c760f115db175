import Servables

/// What fuzz-model-costs does with an input: reads it as the file of what models cost, and reads what it writes once more.
package enum ModelCostsExercise {
    package static func run(_ input: UnsafeRawBufferPointer) {
        if let fault = fault(in: Array(input)) { fatalError(fault) }
    }

    /// `nil` when all is well.
    package static func fault(in bytes: [UInt8]) -> String? {
        guard let costs = RememberedCosts(bytes) else { return nil }
        for (path, entry) in costs.entries {
            guard path.hasPrefix("/") else { return "a path that begins elsewhere: \(path)" }
            guard entry.cost.residentBytes >= 0, entry.cost.peakBytes >= entry.cost.residentBytes else {
                return "\(path) costs \(entry.cost)"
            }
        }
        return RememberedCosts(costs.text) == costs ? nil : "it is not read back"
    }
}
