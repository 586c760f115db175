import EngineTensorFlow
import ModelSources
public import ModelTools
import Servables
public import ServingConfig
import ServingPrimitives

/// What the models of a configuration would need, from their files. Nothing is loaded.
public struct PlacementSurvey: Sendable {
    /// A version for each that would be served.
    public private(set) var demands: [PlacementDemand] = []
    /// What cannot be planned and why, a sentence each.
    public private(set) var problems: [String] = []

    /// Reads folders and graphs: some milliseconds for each model. Blocks.
    ///
    /// - Parameter measured: bytes that a version in a folder was found to take; `nil` for one that was not measured.
    public init(
        of models: [ServerConfiguration.Model],
        prefersTFLite: Bool = false,
        measured: (_ path: String) -> Int? = { _ in nil }
    ) {
        for model in models {
            var monitored = MonitoredModel(model, .init())
            // To compare checksums is the affair of the load.
            monitored.manifest = .ignore
            let (versions, problems) = VersionSurvey.look(at: monitored, prefersTFLite: prefersTFLite)
            self.problems += problems.map { "\(model.name): \($0)" }
            for version in versions {
                do throws(ServingError) {
                    demands.append(
                        try PlacementDemand(version.id, at: version.path, model.placement, measured: measured)
                    )
                } catch {
                    self.problems.append("\(model.name): \(error.message)")
                }
            }
        }
    }
}

extension PlacementDemand {
    /// What a version needs, as it was measured, or else by the size of its files.
    ///
    /// - Throws: what keeps its files from being read.
    init(
        _ id: ServableID,
        at path: String,
        _ placement: ServerConfiguration.Model.Placement,
        measured: (_ path: String) -> Int?
    ) throws(ServingError) {
        if let bytes = measured(path) {
            self.init(id: id, bytes: bytes, size: .measured)
        } else {
            self.init(id: id, bytes: try ModelFootprint(of: path).bytes, size: .estimated)
        }
        apply(placement)
    }

    /// Takes over what the configuration says.
    mutating func apply(_ placement: ServerConfiguration.Model.Placement) {
        load = placement.load
        replicas = max(placement.replicas, placement.devices.count)
        pins = placement.devices.map { name in DeviceName(name).map { "\($0)" } ?? name }
        together = placement.together.isEmpty ? nil : placement.together
        apart = placement.apart.isEmpty ? nil : placement.apart
    }
}
