// A server for the conformance suite and the benchmarks of HTTP2Server; speaks HTTP/2 without TLS on 127.0.0.1.
//
//     http2-echo [--port 0] [--max-streams 1000] [--max-body 2147483648] [--idle-seconds none]
//
// Prints "listening PORT". SIGTERM shuts it down gracefully. What it answers depends on the path: see EchoHandler.
import Glibc
import HTTP2Server
import NIOCore
import NIOPosix

var terminationSignals = sigset_t()
sigemptyset(&terminationSignals)
sigaddset(&terminationSignals, SIGTERM)
sigaddset(&terminationSignals, SIGINT)
// Before any thread starts, so that all inherit it: the main thread waits for the signals.
pthread_sigmask(SIG_BLOCK, &terminationSignals, nil)
signal(SIGPIPE, SIG_IGN)

let options = EchoOptions(CommandLine.arguments.dropFirst())
let connections = ConnectionList()
let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
let listener = try ServerBootstrap(group: group)
    .serverChannelOption(.backlog, value: 1024)
    .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
    .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
    .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
            let handler = HTTP2ConnectionHandler(
                configuration: options.configuration,
                requestHandler: EchoHandler(eventLoop: channel.eventLoop, maximumBodyByteCount: options.maximumBody)
            )
            try channel.pipeline.syncOperations.addHandler(handler)
            connections.add(channel)
        }
    }
    .bind(host: "127.0.0.1", port: options.port)
    .wait()

print("listening \(listener.localAddress?.port ?? 0)")
fflush(nil)

var caught: Int32 = 0
sigwait(&terminationSignals, &caught)
try listener.close().wait()
connections.shutDown()
try group.syncShutdownGracefully()
