import AccessControl
import Inference
import NIOPosix
import ServingPrimitives
import Telemetry

extension RESTResponder {
    /// Answers with what the flight recorder has, which is put together on another thread.
    func sendRecordedRequests(_ query: [UInt8], _ visibility: ModelVisibility, for call: RESTCall) {
        do throws(ServingError) {
            let filter = try RequestFilter(query: query)
            let telemetry = service.telemetry
            NIOThreadPool.singleton.submit { _ in
                // Requests of which no model is known may be anybody's.
                let requests = telemetry.recordedRequestsJSON(filter) { visibility.isAll || visibility.shows($0.model) }
                self.send(requests, call)
            }
        } catch {
            call.fail(error)
        }
    }
}
