public import Batching
public import Servables
import ServingPrimitives

extension InferenceService {
    /// What waits in the queues of each available version. Takes the scheduler's lock for a moment for each queue.
    public func queueDepths() -> [(id: ServableID, depth: QueueDepth)] {
        var depths: [(ServableID, QueueDepth)] = []
        for name in manager.modelNames {
            for status in manager.status(of: name) where status.state == .available {
                guard let model = try? peek(ModelSelector(name: name, version: .specific(status.version))) else {
                    continue
                }
                var sum = QueueDepth()
                for queue in model.servable.queues.explanations {
                    sum.tasks += queue.explanation.depth.tasks
                    sum.rows += queue.explanation.depth.rows
                    sum.bytes += queue.explanation.depth.bytes
                }
                depths.append((model.lease.id, sum))
            }
        }
        return depths
    }
}
