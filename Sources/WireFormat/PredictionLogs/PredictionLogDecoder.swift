public import Inference
public import ServingPrimitives

/// Reads `tensorflow.serving.PredictionLog`, the records of a warm-up file, as far as warming up needs it: the request.
public enum PredictionLogDecoder {
    /// - Parameters:
    ///   - bytes: the serialized message.
    ///   - owner: keeps `bytes` alive and unchanged as long as a tensor of the request refers to it.
    /// - Returns: `nil` for a record without a log type, which asks for nothing.
    /// - Throws: `UNIMPLEMENTED` `Unsupported log_type for warmup: N`; `INVALID_ARGUMENT` with what is wrong with the
    ///   message or the request in it.
    public static func decode(_ bytes: UnsafeRawBufferPointer, owner: AnyObject) throws(ServingError) -> WarmUpCall? {
        let log: (type: UInt32, requests: [UnsafeRawBufferPointer])?
        do throws(WireError) {
            log = try lastLog(bytes)
        } catch {
            throw error.servingError("PredictionLog", in: bytes)
        }
        guard let log else { return nil }
        return try call(log.type, JoinedBytes(log.requests, owner: owner))
    }

    private static func call(_ type: UInt32, _ request: JoinedBytes) throws(ServingError) -> WarmUpCall {
        switch type {
        case Field.classifyLog: .classify(try examples("ClassificationRequest", request))
        case Field.regressLog: .regress(try examples("RegressionRequest", request))
        case Field.multiInferenceLog:
            .multiInference(try MultiInferenceRequestDecoder.decode(request.bytes, owner: request.owner))
        case Field.predictLog:
            .predict(try PredictRequestDecoder.decode(request.bytes, owner: request.owner, needsModelSpec: false))
        default: throw ServingError(.unimplemented, "Unsupported log_type for warmup: \(type)")
        }
    }

    private static func examples(_ name: String, _ request: JoinedBytes) throws(ServingError) -> ExampleCall {
        try ExampleRequestDecoder.decode(name, request.bytes, owner: request.owner, needsModelSpec: false)
    }

    /// Field numbers of the members of `log_type`.
    private enum Field {
        static let classifyLog: UInt32 = 2
        static let regressLog: UInt32 = 3
        static let multiInferenceLog: UInt32 = 4
        static let predictLog: UInt32 = 6
        static let predictStreamedLog: UInt32 = 7
    }

    /// The member of `log_type` that comes last, and all pieces of its request: a message that comes in several pieces
    /// is what they make one after the other.
    private static func lastLog(
        _ bytes: UnsafeRawBufferPointer
    ) throws(WireError) -> (type: UInt32, requests: [UnsafeRawBufferPointer])? {
        var log: (type: UInt32, requests: [UnsafeRawBufferPointer])?
        var reader = WireReader(bytes)
        while !reader.isAtEnd {
            let tag = try reader.tag()
            guard tag.type == .lengthDelimited, (Field.classifyLog...Field.predictStreamedLog).contains(tag.field)
            else {
                try reader.skip(tag)
                continue
            }
            if log?.type != tag.field { log = (tag.field, []) }
            log?.requests += try requests(in: try reader.payload())
        }
        return log
    }

    /// `request` is field 1 of every log message.
    private static func requests(in log: UnsafeRawBufferPointer) throws(WireError) -> [UnsafeRawBufferPointer] {
        var requests: [UnsafeRawBufferPointer] = []
        var reader = WireReader(log)
        while !reader.isAtEnd {
            let tag = try reader.tag()
            if case .bytes(1) = tag { requests.append(try reader.payload()) } else { try reader.skip(tag) }
        }
        return requests
    }
}

/// Pieces of a buffer as one: the piece itself when there is one, else a copy.
private struct JoinedBytes {
    let bytes: UnsafeRawBufferPointer
    let owner: AnyObject

    private final class Copy {
        let memory: UnsafeMutableRawBufferPointer

        init(_ pieces: [UnsafeRawBufferPointer]) {
            memory = .allocate(byteCount: pieces.reduce(0) { $0 + $1.count }, alignment: 64)
            var offset = 0
            for piece in pieces {
                UnsafeMutableRawBufferPointer(rebasing: memory[offset...]).copyMemory(from: piece)
                offset += piece.count
            }
        }

        deinit { memory.deallocate() }
    }

    init(_ pieces: [UnsafeRawBufferPointer], owner: AnyObject) {
        if pieces.count == 1 {
            bytes = pieces[0]
            self.owner = owner
        } else {
            let copy = Copy(pieces)
            bytes = UnsafeRawBufferPointer(copy.memory)
            self.owner = copy
        }
    }
}
