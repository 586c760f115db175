import Inference
import NIOCore
import ServingPrimitives
import WireFormat

/// Reading a request's memory. Closures of `ByteBuffer` only rethrow `any Error`; the results in between keep the
/// error's type.
extension ByteBuffer {
    /// The prefix of the one message in a request body, which goes to the body's end.
    func messagePrefix(maximumByteCount: Int) throws(ServingError) -> GRPCFraming.Prefix {
        let result = withUnsafeReadableBytes { bytes in
            Result { () throws(ServingError) in
                try GRPCFraming.soleMessagePrefix(of: bytes, maximumByteCount: maximumByteCount)
            }
        }
        return try result.get()
    }

    func decompressed(_ encoding: MessageEncoding, maximumByteCount: Int) throws(ServingError) -> ByteBuffer {
        let result = withUnsafeReadableBytes { bytes in
            Result { () throws(ServingError) in
                try MessageDecompressor.decompress(bytes, encoding: encoding, maximumByteCount: maximumByteCount)
            }
        }
        return try result.get()
    }

    /// The Predict request in the readable bytes. Its tensors are views of this buffer's memory and keep it alive; the
    /// buffer's copy-on-write sees them as another reference, so nobody can change it under them.
    func decodePredictRequest() throws(ServingError) -> PredictCall {
        let result = withUnsafeReadableBytesWithStorageManagement { bytes, storage in
            Result { () throws(ServingError) in
                try PredictRequestDecoder.decode(bytes, owner: storage.takeUnretainedValue())
            }
        }
        return try result.get()
    }

    /// The ClassificationRequest or RegressionRequest in the readable bytes; its examples are views of them.
    func decodeExampleRequest(_ name: String, terms: CallTerms) throws(ServingError) -> ExampleCall {
        let result = withUnsafeReadableBytesWithStorageManagement { bytes, storage in
            Result { () throws(ServingError) in
                try ExampleRequestDecoder.decode(name, bytes, owner: storage.takeUnretainedValue())
            }
        }
        var call = try result.get()
        call.terms = terms
        return call
    }

    /// The MultiInferenceRequest in the readable bytes; its examples are views of them.
    func decodeMultiInferenceRequest(terms: CallTerms) throws(ServingError) -> MultiInferenceCall {
        let result = withUnsafeReadableBytesWithStorageManagement { bytes, storage in
            Result { () throws(ServingError) in
                try MultiInferenceRequestDecoder.decode(bytes, owner: storage.takeUnretainedValue())
            }
        }
        var call = try result.get()
        call.terms = terms
        return call
    }
}
