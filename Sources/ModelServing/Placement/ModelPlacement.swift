import EngineInterface
import ModelTools
import Servables
import ServingConfig
import ServingMetrics
import ServingPrimitives

/// Puts the versions of a server on devices.
protocol ModelPlacement: Sendable {
    /// Models whose versions are to end and come back: they have lost their places, or have got one. For one reader.
    var renewals: AsyncStream<Set<String>> { get }

    /// The models that are configured now. Waits for nothing.
    func configure(_ models: [ServerConfiguration.Model])

    /// The devices that there are now.
    func setDevices(_ devices: [PlacementDevice])

    /// Loads a version with a copy on each of its devices. Blocks.
    ///
    /// - Parameter devices: where a memory budget puts it; empty without one.
    /// - Throws: `RESOURCE_EXHAUSTED` with a sentence and the figures when it has no place; else as the engine.
    func load(
        _ id: ServableID,
        _ request: LoadRequest,
        with engine: any InferenceEngine,
        on devices: [String]
    ) throws(ServingError) -> any LoadedModel

    /// A version is loaded, and what it took may be known.
    func loaded(_ version: AspiredVersion, loadNanoseconds: UInt64)

    /// Whether the version was refused a place: to try again is of no use, it comes back by itself when there is one.
    func hasRefused(_ id: ServableID) -> Bool

    /// What the planner would do now, compared with what is. Changes nothing; may look at files: blocks.
    ///
    /// - Parameter anew: as if nothing had a place.
    func planned(anew: Bool) -> PlacementPlan

    /// Begins to do it, and waits for no load.
    ///
    /// - Returns: what it does.
    func apply(anew: Bool) -> PlacementPlan

    /// Shows what is where on the page of metrics.
    func show(in registry: MetricRegistry)
}
