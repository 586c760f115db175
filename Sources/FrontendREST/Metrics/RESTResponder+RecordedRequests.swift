import Inference
import NIOPosix
import ServingPrimitives
import Telemetry

extension RESTResponder {
    /// Answers with what the flight recorder has, which is put together on another thread.
    func sendRecordedRequests(_ query: [UInt8], for call: RESTCall) {
        do throws(ServingError) {
            let filter = try RequestFilter(query: query)
            let telemetry = service.telemetry
            NIOThreadPool.singleton.submit { _ in self.send(telemetry.recordedRequestsJSON(filter), call) }
        } catch {
            call.fail(error)
        }
    }
}
