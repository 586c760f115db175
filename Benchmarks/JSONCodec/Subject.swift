import EngineInterface
import FrontendREST
import Inference
import NIOCore
import ServingPrimitives
import Tensors

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A `:predict` body, and what the server does to read it and to answer with the same tensors.
struct Subject {
    private let body: ByteBuffer
    private let signature: Signature
    private let request: ParsedPredictRequest
    let numberCount: Int

    var byteCount: Int { body.readableBytes }

    init(path: String, type: ElementType) throws {
        body = try Self.contents(of: path)
        let input = Signature.Parameter(name: "x", elementType: type, shape: nil, tensorName: "x")
        signature = Signature(name: "serving_default", methodName: "", inputs: [input], outputs: [])
        request = try Self.parse(body, signature)
        numberCount = request.inputs[0].tensor.shape.elementCount
    }

    /// Reads the body; returns how many numbers it had.
    func read() throws -> Int { try Self.parse(body, signature).inputs[0].tensor.shape.elementCount }

    /// Writes an answer; returns its length.
    func write() throws -> Int {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(256 + 12 * numberCount)
        try PredictResponseWriter.write(request.inputs, form: request.form, to: &buffer)
        return buffer.readableBytes
    }

    private static func parse(_ body: ByteBuffer, _ signature: Signature) throws(ServingError) -> ParsedPredictRequest {
        try body.withUnsafeReadableBytes { bytes throws(ServingError) in
            try PredictRequestParser.parse(bytes) { _ in signature }
        }
    }

    private static func contents(of path: String) throws -> ByteBuffer {
        guard let file = fopen(path, "rb") else { throw ServingError.notFound("cannot open \(path)") }
        defer { fclose(file) }
        var buffer = ByteBuffer()
        var count = 0
        repeat {
            count = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: 1 << 16) {
                fread($0.baseAddress, 1, $0.count, file)
            }
        } while count > 0
        return buffer
    }
}
