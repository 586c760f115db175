public import AccessControl
public import EventLoopSupport
public import ServingPrimitives

/// How the REST port behaves.
public struct RESTConfiguration: Sendable {
    /// Address to listen on; `nil` for all addresses of the machine, IPv6 and IPv4, or IPv4 only where there is no IPv6.
    public var host: String?
    /// 0 for any free port.
    public var port: Int
    /// Limit of the model run of one request in milliseconds; `nil` for none (`--rest_api_timeout_in_ms`).
    public var timeoutMilliseconds: UInt64?
    /// Whether answers under `/v1/` carry the CORS header fields (`--rest_api_enable_cors_support`).
    public var enablesCORS: Bool
    /// Where TensorFlow Serving's metrics page is, in addition to `/metrics`; `nil` for nowhere.
    public var metricsPath: String?
    /// Whether requests may change what is served. Without it such requests are refused.
    public var allowsControl = false
    /// Who may do what.
    public var access = PortAccess()
    /// Bounds the connections of this and other ports together.
    public var connectionLimit: ConnectionLimit?
    /// What larger bodies of all connections together are counted in, until they are answered.
    public var memoryBudget: MemoryBudget?
    /// What the server says of itself under `/v2`.
    public var serverVersion = ""
    public var limits: HTTP1Limits
    /// Bytes of decompressed bodies that are not read yet, of all connections together; beyond it requests get 429.
    public var maximumDecompressedByteCount: Int
    /// Requests of one connection whose answers are not written yet; no more are read before one is.
    public var maximumPipelinedRequests: Int
    /// Seconds from a request's first byte until its head must be complete.
    public var headTimeoutSeconds: Int
    /// Seconds without a byte inside a body.
    public var bodyTimeoutSeconds: Int
    /// Seconds between two requests of a connection.
    public var idleTimeoutSeconds: Int
    /// Seconds without the client taking what has been written to it.
    public var writeTimeoutSeconds: Int

    public init(
        host: String? = nil,
        port: Int,
        timeoutMilliseconds: UInt64? = 30_000,
        enablesCORS: Bool = false,
        metricsPath: String? = nil,
        limits: HTTP1Limits = HTTP1Limits(),
        maximumDecompressedByteCount: Int = 1 << 30,
        maximumPipelinedRequests: Int = 64,
        headTimeoutSeconds: Int = 20,
        bodyTimeoutSeconds: Int = 60,
        idleTimeoutSeconds: Int = 600,
        writeTimeoutSeconds: Int = 120
    ) {
        self.host = host
        self.port = port
        self.timeoutMilliseconds = timeoutMilliseconds
        self.enablesCORS = enablesCORS
        self.metricsPath = metricsPath
        self.limits = limits
        self.maximumDecompressedByteCount = maximumDecompressedByteCount
        self.maximumPipelinedRequests = maximumPipelinedRequests
        self.headTimeoutSeconds = headTimeoutSeconds
        self.bodyTimeoutSeconds = bodyTimeoutSeconds
        self.idleTimeoutSeconds = idleTimeoutSeconds
        self.writeTimeoutSeconds = writeTimeoutSeconds
    }
}
