/// What a version asks of the graph optimizer of its own session.
struct SessionOverrides: Sendable, Equatable {
    /// An optimizer of a library of operations, with its one parameter: a serialized message.
    struct Optimizer: Sendable, Equatable {
        var name: String
        var parameter: String
        var value: [UInt8]
    }

    var optimizers: [Optimizer] = []
    /// The graph runs as it is in the file.
    var disablesMetaOptimizer = false
}
