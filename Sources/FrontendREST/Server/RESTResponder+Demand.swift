import EventLoopSupport
import Inference
import NIOCore
import Servables
import ServingPrimitives
import Telemetry

/// A model that a request has waited for, or that was there, and on what terms the request goes on.
struct LoadedForRequest: Sendable {
    var model: ResolvedModel
    /// `nil` for one that has not waited: its time begins when it is read.
    var terms: CallTerms?
}

/// Models that are known and not in memory.
extension RESTResponder {
    /// Goes on with a request when its model is in memory: at once, or on the event loop later.
    ///
    /// - Parameters:
    ///   - isForRun: whether the model is to run: then one that is away is waited for, too.
    ///   - body: is given `nil` where the model is looked for as the request is read, and by then is there or not
    ///     known at all.
    func whenLoaded(
        _ selector: ModelSelector,
        _ head: HTTP1RequestHead,
        for call: RESTCall,
        isForRun: Bool = true,
        _ body: @escaping @Sendable (LoadedForRequest?) -> Void
    ) {
        guard service.mayHaveToWait else { return body(nil) }
        do throws(ServingError) {
            let model = try isForRun ? service.resolveForRun(selector) : service.resolve(selector)
            body(LoadedForRequest(model: model))
        } catch {
            // Whoever reads the request hears of it in its turn.
            guard service.mayWait(after: error) else { return body(nil) }
            wait(for: selector, head, for: call, isForRun, body)
        }
    }

    private func wait(
        for selector: ModelSelector,
        _ head: HTTP1RequestHead,
        for call: RESTCall,
        _ isForRun: Bool,
        _ body: @escaping @Sendable (LoadedForRequest?) -> Void
    ) {
        do throws(ServingError) {
            let terms = try terms(of: call, head)
            call.handler.describe(call.number) { $0.modelWait = .running }
            let wait = service.whenLoaded(selector, by: terms.deadline, isForRun: isForRun) { result in
                call.loop.mailbox.post {
                    // A client that left meanwhile wants no answer.
                    guard call.handler.isOpen(call.number) else { return }
                    call.handler.endWork(for: call.number)
                    call.handler.describe(call.number) { $0.modelWait = .ended(call.loop.now()) }
                    switch result {
                    case .success(let model): body(LoadedForRequest(model: model, terms: terms))
                    case .failure(let error): call.fail(error)
                    }
                }
            }
            guard let wait else { return }
            let work = RESTWork(cancel: { wait.cancel() }, limit: limit(terms.deadline, of: call))
            call.handler.begin(work, for: call.number)
        } catch {
            call.fail(error)
        }
    }

    private func limit(_ deadline: Deadline, of call: RESTCall) -> Scheduled<Void>? {
        guard !deadline.isNever else { return nil }
        let remaining = deadline.remaining(at: call.loop.now())
        return call.loop.eventLoop.scheduleTask(in: .nanoseconds(Int64(clamping: remaining))) {
            call.handler.finish(call.number, call.loop.response(to: Self.notLoadedInTime))
            call.handler.flush()
        }
    }

    private static let notLoadedInTime = ServingError.deadlineExceeded(
        "Timed out waiting for the model to be loaded, or to come back; that goes on"
    )
}
