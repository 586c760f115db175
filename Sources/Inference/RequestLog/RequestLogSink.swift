import ServingPrimitives

/// Takes the calls of a model that are to be logged.
public protocol RequestLogSink: Sendable {
    /// Takes one call, after it was answered, on the thread that answered it: whatever this waits for, other answers wait
    /// for, too. The version stays loaded until this returns, and no longer.
    func log(_ call: LoggedCall)
}

extension RequestLogSink {
    /// A completion that gives the answer first, and then logs the call where it succeeded.
    func following<Answer: Sendable>(
        _ completion: @escaping @Sendable (Result<Answer, ServingError>) -> Void,
        _ call: @escaping @Sendable (Answer) -> LoggedCall
    ) -> @Sendable (Result<Answer, ServingError>) -> Void {
        { result in
            completion(result)
            if case .success(let answer) = result { log(call(answer)) }
        }
    }
}
