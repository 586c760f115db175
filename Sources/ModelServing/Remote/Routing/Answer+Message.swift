import Cluster
import HTTPClient
import ServingPrimitives

extension Answer {
    /// The message of a unary gRPC answer, or the error that it is.
    borrowing func message(of address: ReplicaAddress) -> Result<UnsafeRawBufferPointer, ServingError> {
        switch kind {
        case .grpc(0): unframed(address)
        case .grpc(let status):
            .failure(
                ServingError(
                    CanonicalCode(rawValue: Int32(clamping: status)) ?? .unknown,
                    "\(address): \(message.map { PercentCode.decoded(Array($0.utf8)[...]) } ?? "no reason given")"
                )
            )
        case .http(let status): .failure(.unavailable("\(address) answers with HTTP status \(status), not by gRPC"))
        case .broken(.tooLarge):
            .failure(ServingError(.resourceExhausted, "\(address): \(BrokenAnswer.tooLarge.rawValue)"))
        case .broken(let reason): .failure(.unavailable("\(address): \(reason.rawValue)"))
        }
    }

    private borrowing func unframed(_ address: ReplicaAddress) -> Result<UnsafeRawBufferPointer, ServingError> {
        let prefixLength = 5
        guard body.count >= prefixLength, body[0] == 0 else {
            return .failure(
                .internalError("\(address) answers with \(body.count) bytes that are no plain gRPC message")
            )
        }
        let length = Int(UInt32(bigEndian: body.loadUnaligned(fromByteOffset: 1, as: UInt32.self)))
        guard length == body.count - prefixLength else {
            return .failure(
                .internalError("\(address) answers with \(body.count - prefixLength) bytes; its message has \(length)")
            )
        }
        return .success(UnsafeRawBufferPointer(rebasing: body[prefixLength...]))
    }
}
