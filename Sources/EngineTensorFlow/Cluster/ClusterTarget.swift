/// A TensorFlow cluster, by the task that is asked to run graphs on it: its master.
public struct ClusterTarget: Sendable, Hashable {
    /// A name, or an address: of IPv6 without brackets.
    public var host: String
    public var port: Int
    /// How long a step of loading, or a run without a deadline, may take. A master that is gone answers nothing at all.
    public var timeoutMilliseconds: Int

    public init(host: String, port: Int, timeoutMilliseconds: Int) {
        self.host = host
        self.port = port
        self.timeoutMilliseconds = timeoutMilliseconds
    }

    /// As TensorFlow wants it.
    var url: String { host.contains(":") ? "grpc://[\(host)]:\(port)" : "grpc://\(host):\(port)" }
}
