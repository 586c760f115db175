package import ServingPrimitives
package import Tensors
import WireFormat

/// A `:classify` or `:regress` body in neutral values.
package struct ParsedExampleRequest: Sendable {
    /// As given; empty when it is not.
    package var signatureName: String
    /// One serialized `tensorflow.Example` for each element.
    package var examples: Tensor
}

/// Reads a `:classify` or `:regress` body in one pass: each JSON object becomes a serialized `tensorflow.Example`.
///
/// The pass goes on to the document's end whatever it meets, so that faults come in TensorFlow Serving's order, whatever
/// the order of keys: JSON, type of `signature_name`, context, examples.
package struct ExampleRequestParser {
    package static func parse(_ body: UnsafeRawBufferPointer) throws(ServingError) -> ParsedExampleRequest {
        guard let start = body.baseAddress, body.count > 0 else {
            throw .invalidArgument("JSON Parse error: The document is empty")
        }
        var parser = ExampleRequestParser(start: start.assumingMemoryBound(to: UInt8.self), count: body.count)
        do throws(JSONSyntaxError) {
            try parser.read()
        } catch {
            throw .invalidArgument("JSON Parse error: \(error.reason.rawValue) at offset: \(error.offset)")
        }
        return try parser.result(byteCount: body.count)
    }

    private var scanner: JSONScanner
    private let document: JSONScanner
    private var writer = ExampleWriter()
    private var isObject = true
    private var signatureName: String?
    private var signatureNameIsText = true
    private var context: Result<[UInt8], ServingError>?
    private var examples: Examples?

    private enum Examples {
        case read(StringTensorBuilder)
        case faulty(ServingError)
        /// A text behind `JSON Value:` and the whole document.
        case unusable(String)
    }

    private init(start: UnsafePointer<UInt8>, count: Int) {
        scanner = JSONScanner(start: start, count: count)
        document = scanner
    }
}

// MARK: The document

extension ExampleRequestParser {
    private mutating func read() throws(JSONSyntaxError) {
        try scanner.openDocument()
        guard scanner.peek() == UInt8(ascii: "{") else {
            isObject = false
            return try scanner.skipValue()
        }
        guard scanner.openContainer(closing: UInt8(ascii: "}")) else { return }
        repeat { try readMember() } while try scanner.hasNextMember()
    }

    /// Of several members of one name the first counts.
    private mutating func readMember() throws(JSONSyntaxError) {
        let key = try scanner.memberName()
        if key.equals("examples"), examples == nil {
            examples = try readExamples()
        } else if key.equals("context"), context == nil {
            if let fault = try readExample() {
                context = .failure(fault)
            } else {
                context = .success(writer.endExample())
            }
        } else if key.equals("signature_name"), signatureName == nil, signatureNameIsText {
            guard scanner.peek() == UInt8(ascii: "\"") else {
                signatureNameIsText = false
                return try scanner.skipValue()
            }
            signatureName = try scanner.string().text
        } else {
            try scanner.skipValue()
        }
    }

    private mutating func readExamples() throws(JSONSyntaxError) -> Examples {
        guard scanner.peek() == UInt8(ascii: "[") else {
            try scanner.skipValue()
            return .unusable("Expecting 'examples' value to be an list/array")
        }
        guard scanner.openContainer(closing: UInt8(ascii: "]")) else {
            return .unusable("'examples' value is an empty array")
        }
        var builder = StringTensorBuilder()
        repeat {
            if let fault = try readExample() {
                _ = try scanner.skipRemainingElements()
                return .faulty(fault)
            }
            writer.endExample(appendingTo: &builder)
        } while try scanner.hasNextElement()
        return .read(builder)
    }

    private func result(byteCount: Int) throws(ServingError) -> ParsedExampleRequest {
        guard isObject else { throw document.documentError("Is not object") }
        guard signatureNameIsText else {
            throw document.documentError("not formatted correctly. 'signature_name' key must be a string value.")
        }
        let context = try context?.get() ?? []
        switch examples {
        // The text speaks of classify for both methods.
        case nil:
            throw document.documentError("When method is classify, key 'examples' is expected and was not found")
        case .unusable(let text): throw document.documentError(text)
        case .faulty(let error): throw error
        case .read(let builder):
            let examples = builder.vector()
            return ParsedExampleRequest(
                signatureName: signatureName ?? "",
                examples: try ExampleContext.prepend(context, to: examples, requestByteCount: byteCount)
            )
        }
    }
}

// MARK: Examples

extension ExampleRequestParser {
    /// Reads one example into the writer; the cursor ends behind it.
    private mutating func readExample() throws(JSONSyntaxError) -> ServingError? {
        guard scanner.peek() == UInt8(ascii: "{") else {
            let kind = JSONValuePrinter.kind(of: scanner)
            try scanner.skipValue()
            return .invalidArgument("Example must be JSON object but got JSON \(kind)")
        }
        guard scanner.openContainer(closing: UInt8(ascii: "}")) else { return nil }
        repeat {
            let name = try scanner.memberName()
            if let fault = try readFeature(name) {
                writer = ExampleWriter()
                try scanner.skipRemainingMembers()
                return fault
            }
            name.withBytes { writer.endFeature(named: $0) }
        } while try scanner.hasNextMember()
        return nil
    }

    /// A value, or a list of values.
    private mutating func readFeature(_ name: JSONString) throws(JSONSyntaxError) -> ServingError? {
        guard scanner.peek() == UInt8(ascii: "[") else { return try readValue(of: name) }
        guard scanner.openContainer(closing: UInt8(ascii: "]")) else { return nil }
        repeat {
            if let fault = try readValue(of: name) {
                _ = try scanner.skipRemainingElements()
                return fault
            }
        } while try scanner.hasNextElement()
        return nil
    }

    private mutating func readValue(of name: JSONString) throws(JSONSyntaxError) -> ServingError? {
        switch scanner.peek() {
        case UInt8(ascii: "n"), UInt8(ascii: "["): return try unexpectedType(name)
        case UInt8(ascii: "t"), UInt8(ascii: "f"):
            let isTrue = scanner.peek() == UInt8(ascii: "t")
            try scanner.literal(isTrue ? "true" : "false")
            return append(.int64, name) { $0.append(Int64(isTrue ? 1 : 0)) }
        case UInt8(ascii: "{"): return try readBase64(name)
        case UInt8(ascii: "\""):
            let string = try scanner.string()
            return append(.bytes, name) { writer in string.withBytes { writer.append($0) } }
        default: return try readNumber(name)
        }
    }

    private mutating func readBase64(_ name: JSONString) throws(JSONSyntaxError) -> ServingError? {
        guard let encoded = scanner.base64Object() else { return try unexpectedType(name) }
        try scanner.skipValue()
        let decoded = encoded.withBytes(Base64.decode)
        // The kind comes before the content.
        let fault = append(.bytes, name) { $0.append(decoded ?? []) }
        return fault ?? (decoded == nil ? .invalidArgument("Unable to base64 decode") : nil)
    }

    /// Integers as they are spelled, not by value: `2.0` is a float.
    private mutating func readNumber(_ name: JSONString) throws(JSONSyntaxError) -> ServingError? {
        switch try scanner.number() {
        case .decimal(let value): return append(.float, name) { $0.append(Float(value)) }
        case .integer(let value): return append(.int64, name) { $0.append(value) }
        case .unsigned:
            if let fault = append(.int64, name, { _ in }) { return fault }
            return .invalidArgument("Feature: \(name.text) has uint64_t element. Only int64_t is supported.")
        }
    }

    private mutating func append(
        _ kind: ExampleWriter.Kind,
        _ name: JSONString,
        _ value: (inout ExampleWriter) -> Void
    ) -> ServingError? {
        if let other = writer.kind, other != kind {
            return .invalidArgument("Unexpected element type in feature: \(name.text) expecting type: \(other.name)")
        }
        value(&writer)
        return nil
    }

    private mutating func unexpectedType(_ name: JSONString) throws(JSONSyntaxError) -> ServingError {
        let kind = JSONValuePrinter.kind(of: scanner)
        try scanner.skipValue()
        return .invalidArgument("Feature: \(name.text) has element with unexpected JSON type: \(kind)")
    }
}

extension ExampleWriter.Kind {
    /// As error texts call it.
    fileprivate var name: String {
        switch self {
        case .bytes: "bytes"
        case .float: "float"
        case .int64: "int64"
        }
    }
}
