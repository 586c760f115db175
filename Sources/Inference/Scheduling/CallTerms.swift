public import ServingPrimitives

/// What a caller says of when and before whom an answer is wanted.
public struct CallTerms: Sendable, Hashable {
    /// When the answer stops being of use to the caller.
    public var deadline: Deadline
    /// Calls of a higher priority go first; 0 unless the caller says otherwise.
    public var priority: Int
    /// Who shares the model with whom, as `TenantNames` numbers them; 0 for nobody in particular.
    public var tenant: Int

    public init(deadline: Deadline = .never, priority: Int = 0, tenant: Int = 0) {
        self.deadline = deadline
        self.priority = priority
        self.tenant = tenant
    }

    /// Priorities that callers may ask for; what lies beyond is taken as the nearest of them.
    public static let priorities = -100...100
}

extension Deadline {
    /// When the run has to be over, so that the answer is there in time: a caller's clock began before the request was
    /// read, and goes on while the answer is written, sent and read. A tenth of the time, 5 ms at most.
    func leavingTimeForTheAnswer(from now: MonotonicTime) -> Deadline {
        guard !isNever else { return self }
        return Deadline(MonotonicTime(nanoseconds: time.nanoseconds - min(remaining(at: now) / 10, 5_000_000)))
    }
}

// MARK: - What callers write

extension CallTerms {
    /// Header field and metadata key of a call's priority.
    public static let priorityField = "x-request-priority"
    /// Header field and metadata key that names the tenant.
    public static let tenantField = "x-tenant"
    /// Header field of a REST request's deadline, in milliseconds from its arrival.
    public static let timeoutField = "x-request-timeout-ms"

    /// The priority in a header field.
    ///
    /// - Throws: `INVALID_ARGUMENT` for anything but a whole number in `priorities`.
    public static func priority(_ text: some Collection<UInt8>) throws(ServingError) -> Int {
        guard let value = Int(String(decoding: text.prefix(16), as: UTF8.self)), text.count <= 16,
            priorities.contains(value)
        else {
            throw .invalidArgument(
                "\(priorityField): expected a whole number from \(priorities.lowerBound) to \(priorities.upperBound), "
                    + "got \(quoted(text))"
            )
        }
        return value
    }

    /// The name of a tenant in a header field.
    ///
    /// - Throws: `INVALID_ARGUMENT` when it is longer than `TenantNames.maximumByteCount`.
    public static func tenant(_ text: some Collection<UInt8>) throws(ServingError) -> String {
        guard text.count <= TenantNames.maximumByteCount else {
            throw .invalidArgument(
                "\(tenantField): expected at most \(TenantNames.maximumByteCount) bytes, got \(text.count)"
            )
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Nanoseconds of a timeout in a header field.
    ///
    /// - Throws: `INVALID_ARGUMENT` for anything but milliseconds, with or without a fraction, of at most nine digits.
    public static func timeout(_ text: some Collection<UInt8>) throws(ServingError) -> UInt64 {
        var nanoseconds: UInt64 = 0
        var scale: UInt64 = 1_000_000
        var digits = 0
        var isFraction = false
        for byte in text {
            if byte == UInt8(ascii: "."), !isFraction, digits > 0 {
                isFraction = true
                continue
            }
            guard byte &- 0x30 < 10, isFraction || digits < 9 else { throw badTimeout(text) }
            digits += 1
            if isFraction {
                // Parts of a nanosecond are as good as nothing.
                scale /= 10
                nanoseconds += UInt64(byte - 0x30) * scale
            } else {
                nanoseconds = nanoseconds * 10 + UInt64(byte - 0x30) * 1_000_000
            }
        }
        guard digits > 0, text.count <= 24 else { throw badTimeout(text) }
        return nanoseconds
    }

    private static func badTimeout(_ text: some Collection<UInt8>) -> ServingError {
        .invalidArgument("\(timeoutField): expected milliseconds like 25 or 2.5, got \(quoted(text))")
    }

    private static func quoted(_ text: some Collection<UInt8>) -> String {
        "\"\(String(decoding: text.prefix(32), as: UTF8.self))\""
    }
}
