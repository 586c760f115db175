public import AccessControl
public import EventLoopSupport
public import HTTP2Server
public import NIOCore
public import WireFormat

/// How the gRPC server listens and what it accepts.
public struct GRPCServerConfiguration: Sendable {
    /// gRPC's own limit, which TensorFlow Serving sets: 2^31-1 bytes.
    public static let largestMessageByteCount = Int(Int32.max)

    /// Where to listen; at least one.
    public var listeners: [GRPCListener]

    /// Largest request message in bytes, as it comes (`grpc.max_receive_message_length`). Default: 2^31-1.
    public var maximumReceiveMessageByteCount = GRPCServerConfiguration.largestMessageByteCount

    /// Largest answer in bytes (`grpc.max_send_message_length`). Default: 2^31-1.
    public var maximumSendMessageByteCount = GRPCServerConfiguration.largestMessageByteCount

    /// Largest request message in bytes after decompression: a compressed message may grow a thousandfold, so it has a
    /// limit of its own. Default: 512 MiB.
    public var maximumDecompressedMessageByteCount = 512 << 20

    /// How tensors of Predict answers are written. Default: typed fields, as TensorFlow Serving.
    public var tensorEncoding = TensorEncoding.typedFields

    /// Whether calls may load and unload models one at a time. `HandleReloadConfigRequest` is served in any case. Default:
    /// false.
    public var allowsControl = false

    /// Who may do what. Default: everyone everything.
    public var access = PortAccess()

    /// Bounds the connections of this and other ports together. Default: none.
    public var connectionLimit: ConnectionLimit?

    /// What the server says of itself.
    public var serverVersion = ""

    /// Connections waiting to be accepted, for each listener. Default: 1024.
    public var backlog: Int32 = 1024

    /// Shares TCP ports with other processes that do the same (`SO_REUSEPORT`). Default: false.
    public var sharesPorts = false

    /// A connection takes no new calls after so long and ends with its last answer. Each connection's age is up to a
    /// tenth more or less, so that clients who came together do not all come back together. Default: none.
    public var maximumConnectionAge: TimeAmount?

    /// Limits, windows and keepalive of each connection.
    public var http2 = HTTP2ServerConfiguration()

    public init(listeners: [GRPCListener]) { self.listeners = listeners }
}

/// One place to listen.
public enum GRPCListener: Sendable, Hashable, CustomStringConvertible {
    /// A TCP port; port 0 lets the system choose.
    case tcp(host: String, port: Int)
    /// A Unix domain socket, by the path of its file.
    case unixSocket(path: String)

    public var description: String {
        switch self {
        case .tcp(let host, let port): "\(host):\(port)"
        case .unixSocket(let path): "unix:\(path)"
        }
    }
}
