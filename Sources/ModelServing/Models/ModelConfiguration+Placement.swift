import ModelTools
import ServingConfig
import ServingPrimitives

/// Calls for the plan that puts models on devices.
extension ModelConfiguration {
    func arrange(_ request: PlacementRequest) async throws(ServingError) -> PlacementAnswer {
        guard let placement else { throw Self.noDevices }
        // It may have to look at files.
        let plan = await onOwnThread(named: "placement-plan") {
            request.isDryRun ? placement.planned(anew: request.isAnew) : placement.apply(anew: request.isAnew)
        }
        guard let plan else { throw .unavailable("no thread could be made to plan") }
        return PlacementAnswer(
            json: plan.json([
                ("dry_run", "\(request.isDryRun)"), ("changes_nothing", "\(plan.changesNothing)"),
            ]),
            text: plan.text()
        )
    }
}
