import Foundation
import GRPCCore

/// One line of the input: `SERVICE METHOD BASE64_OF_REQUEST`.
struct Call {
    var method: MethodDescriptor
    var request: [UInt8]

    init?(line: String) {
        let parts = line.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 3, let request = Data(base64Encoded: String(parts[2])) else { return nil }
        self.method = MethodDescriptor(fullyQualifiedService: String(parts[0]), method: String(parts[1]))
        self.request = [UInt8](request)
    }

    /// Makes the call; the line of the output: `OK BASE64_OF_ANSWER`, or `CODE TEXT`.
    func make(with client: GRPCClient<some ClientTransport>, options: CallOptions) async -> String {
        do {
            let answer = try await client.unary(
                request: ClientRequest(message: request),
                descriptor: method,
                serializer: BytesSerializer(),
                deserializer: BytesDeserializer(),
                options: options
            ) { try $0.message }
            return "OK \(Data(answer).base64EncodedString())"
        } catch let error as RPCError {
            return "\(error.code) \(error.message)"
        } catch {
            return "failed \(error)"
        }
    }
}
