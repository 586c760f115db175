import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix

/// `grpc-swift-client PORT [gzip]`: makes all calls that the lines of standard input name, at the same time and over one
/// connection, and prints one line for each, in their order.
@main
struct GRPCSwiftClient {
    static func main() async throws {
        guard CommandLine.arguments.count >= 2, let port = Int(CommandLine.arguments[1]) else {
            fatalError("usage: grpc-swift-client PORT [gzip]")
        }
        var calls: [Call] = []
        while let line = readLine() {
            guard let call = Call(line: line) else { fatalError("not a call: \(line)") }
            calls.append(call)
        }
        var options = CallOptions.defaults
        options.timeout = .seconds(60)
        if CommandLine.arguments.contains("gzip") { options.compression = .gzip }
        for line in try await answers(to: calls, port: port, options: options) { print(line) }
    }

    private static func answers(to calls: [Call], port: Int, options: CallOptions) async throws -> [String] {
        let transport = try HTTP2ClientTransport.Posix(
            target: .ipv4(address: "127.0.0.1", port: port),
            transportSecurity: .plaintext,
            config: .defaults { $0.compression.enabledAlgorithms = .all }
        )
        return try await withGRPCClient(transport: transport) { client in
            await withTaskGroup(of: (Int, String).self) { group in
                for (index, call) in calls.enumerated() {
                    group.addTask { (index, await call.make(with: client, options: options)) }
                }
                var lines = [String](repeating: "", count: calls.count)
                for await (index, line) in group { lines[index] = line }
                return lines
            }
        }
    }
}
