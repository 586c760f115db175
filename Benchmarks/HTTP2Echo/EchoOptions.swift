import Glibc
import HTTP2Server
import NIOCore

/// The command line of http2-echo.
struct EchoOptions {
    var port = 0
    var maximumBody = 2 << 30
    var configuration = HTTP2ServerConfiguration()

    init(_ arguments: some Sequence<String>) {
        var rest = arguments.makeIterator()
        while let name = rest.next() {
            guard let value = rest.next().flatMap({ Int($0) }) else { Self.fail("\(name) needs a number") }
            switch name {
            case "--port": port = value
            case "--max-body": maximumBody = value
            case "--max-streams": configuration.maximumConcurrentStreams = value
            case "--idle-seconds": configuration.idleTimeout = .seconds(Int64(value))
            case "--stall-seconds": configuration.outputStallTimeout = .seconds(Int64(value))
            case "--handshake-seconds": configuration.handshakeTimeout = .seconds(Int64(value))
            default: Self.fail("\(name) is not an option")
            }
        }
    }

    private static func fail(_ message: String) -> Never {
        let line = "http2-echo: \(message)\n"
        _ = line.withCString { write(STDERR_FILENO, $0, strlen($0)) }
        exit(2)
    }
}
