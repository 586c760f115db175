/// What one thread is to do in one slice.
struct SliceOrder: Sendable {
    enum Load: Sendable {
        /// So many requests in flight, the next one sent when an answer comes.
        case closed(inFlight: Int)
        case open(ArrivalSchedule)
    }

    var target: Int
    var load: Load
    /// Connections to begin with.
    var connections: Int
    var connectionLimit: Int
    /// Nanoseconds of sending, and a number of requests that ends it earlier.
    var duration: UInt64
    var requestLimit: Int
    /// Nanoseconds that answers are of use; `nil` for ever.
    var deadline: UInt64?
    /// Whether requests whose deadline has passed are given up, as gRPC clients do.
    var cancelsExpired: Bool
    /// Nanoseconds to wait for the last answers.
    var grace: UInt64
    var requiresEqualAnswers: Bool
    /// Whether to wait for send times with the CPU instead of a timer.
    var spins: Bool
}
