import Inference
import NIOPosix
import ServingMetrics

extension RESTResponder {
    /// Answers with the metrics page, which is written on another thread: with many models it has many lines.
    func sendMetrics(_ match: MetricsPath.Match, for call: RESTCall) {
        switch match {
        case .unexpected(let text): send(Array(text.utf8), status: .badRequest, content: .plainText, call)
        case .page:
            let registry = service.metrics.registry
            NIOThreadPool.singleton.submit { state in
                // The pool is never shut down while a server runs; a page without lines is right in any case.
                let page = state == .active ? registry.page() : []
                self.send(page, content: .plainText, call)
            }
        }
    }
}
