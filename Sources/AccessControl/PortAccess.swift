public import ServingPrimitives

/// What one port lets callers do: whose keys are asked for, and whether operators are served there at all.
public struct PortAccess: Sendable {
    /// `nil` asks nobody for a key.
    private let gate: AccessGate?
    /// Whether control, metrics and debug are answered here; they are not where there is a control port.
    private let servesOperators: Bool

    public init(gate: AccessGate? = nil, servesOperators: Bool = true) {
        self.gate = gate
        self.servesOperators = servesOperators
    }

    /// Whether everything is allowed to everyone.
    public var isOpen: Bool { gate == nil && servesOperators }

    /// Whether operators are served here, and only those who present a key.
    public var asksOperatorsForKeys: Bool { gate != nil && servesOperators }

    /// Admits a call, or says why not; also to the log.
    ///
    /// - Parameters:
    ///   - model: that the call names; `nil` when it is not known yet or there is none.
    ///   - key: as the caller presents it.
    ///   - peer: who is at the other end, for the log.
    /// - Returns: who calls; `nil` where nobody is asked.
    /// - Throws: `UNAUTHENTICATED`, or `PERMISSION_DENIED`.
    public func admit(
        _ verb: AccessVerb,
        model: String? = nil,
        key: (some Collection<UInt8>)?,
        peer: @autoclosure () -> String
    ) throws(ServingError) -> AccessCaller? {
        guard servesOperators || !verb.isForOperators else {
            throw ServingError(.permissionDenied, "\(verb.rawValue) is answered on the control port only")
        }
        guard let gate else { return nil }
        var name: String?
        do throws(ServingError) {
            let caller = try gate.caller(presenting: key)
            name = caller.name
            try check(caller, verb, model: model)
            return caller
        } catch {
            gate.logRefusal(error, verb, model: model, caller: name, peer: peer())
            throw error
        }
    }

    /// The name of the caller's key, for logs; `nil` where nobody is asked, and for a key that nobody has.
    public func callerName(presenting key: (some Collection<UInt8>)?) -> String? {
        gate.flatMap { try? $0.caller(presenting: key).name }
    }

    /// Checks what was learnt of a call after it was admitted: which model it names.
    ///
    /// - Parameter caller: who was admitted; `nil` where nobody is asked.
    public func check(
        _ caller: AccessCaller?,
        _ verb: AccessVerb,
        model: String,
        peer: @autoclosure () -> String
    ) throws(ServingError) {
        guard let caller, !caller.grant.reachesAllModels else { return }
        do throws(ServingError) {
            try check(caller, verb, model: model)
        } catch {
            gate?.logRefusal(error, verb, model: model, caller: caller.name, peer: peer())
            throw error
        }
    }

    /// Checks that the caller may do this with every model, as what is about all of them asks for.
    public func checkReachesAllModels(
        _ caller: AccessCaller?,
        _ verb: AccessVerb,
        peer: @autoclosure () -> String
    ) throws(ServingError) {
        guard let caller, !caller.grant.reachesAllModels else { return }
        let error = ServingError(
            .permissionDenied,
            "The API key \(caller.name) has no right to \(verb.rawValue) of all models, which this is about"
        )
        gate?.logRefusal(error, verb, model: nil, caller: caller.name, peer: peer())
        throw error
    }

    private func check(_ caller: AccessCaller, _ verb: AccessVerb, model: String?) throws(ServingError) {
        guard caller.grant.allows(verb, model: model) else {
            let what = caller.grant.verbs.contains(verb) ? "\(verb.rawValue) of this model" : verb.rawValue
            throw ServingError(.permissionDenied, "The API key \(caller.name) has no right to \(what)")
        }
    }
}

extension AccessVerb {
    fileprivate var isForOperators: Bool {
        switch self {
        case .control, .metrics, .debug: true
        case .predict, .metadata, .status: false
        }
    }
}
