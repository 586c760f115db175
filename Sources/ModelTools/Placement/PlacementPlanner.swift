import Servables

/// Puts model versions on devices. A pure function: the same question always has the same answer.
///
/// The rules, in their order: no device ever holds more than its budget; a pin decides; versions that belong together
/// share a device, and those that must stay apart, and the replicas of one version, do not; what has a place keeps it
/// unless it must make room; as much as possible has a place; load and memory are spread evenly.
///
/// New and homeless replicas are placed largest first where load and memory stay most even, or if something has no
/// place then, as tightly as possible. What still has none may push others aside, those that cost least to move. That is
/// not the optimum of an NP-hard problem; on random instances it is within a few per cent of the lower bound.
public enum PlacementPlanner {
    /// Optional ones come last, in the order in which they are asked for.
    ///
    /// - Parameters:
    ///   - demands: of different ids.
    ///   - devices: of different names.
    ///   - previous: what is in place now.
    ///   - limit: bytes that all together may take; counts for optional demands only.
    public static func plan(
        _ demands: [PlacementDemand],
        on devices: [PlacementDevice],
        after previous: PlacementPlan? = nil,
        within limit: Int = .max
    ) -> PlacementPlan {
        let problem = PlacementProblem(demands, devices, previous)
        var board = PlacementBoard(problem)
        board.placePinned()
        board.keepPrevious()
        let homeless = problem.movable.filter { board.place[$0] == nil }
        var result = board
        result.spread(homeless)
        if result.hasHomeless(homeless) {
            var tight = board
            tight.pack(homeless)
            if tight.outcome(homeless) < result.outcome(homeless) { result = tight }
        }
        result.addReplicasOfHotModels()
        result.placeOptional(within: limit)
        return PlacementReport(result).plan
    }
}
