package import EngineInterface
package import Inference
package import ServingPrimitives
import Tensors

/// A `:predict` body in neutral values.
package struct ParsedPredictRequest: Sendable {
    /// Which of the two forms the request has; the answer has the same.
    package enum Form: Sendable {
        /// `instances`, answered by `predictions`: one entry for each row.
        case rows
        /// `inputs`, answered by `outputs`: whole tensors.
        case columns
    }

    package var form: Form
    /// As given; empty when it is not.
    package var signatureName: String
    package var inputs: [NamedTensor]
}

/// Reads a `:predict` body in one pass, numbers straight into tensor memory.
///
/// The pass goes on to the document's end whatever it meets, so that faults come in TensorFlow Serving's order,
/// whatever the order of keys: JSON, type of `signature_name`, model, signature, both or no data keys, data.
package struct PredictRequestParser {
    /// Finds the signature of that name (empty: the default one).
    package typealias Lookup = (String) throws(ServingError) -> Signature

    /// - Parameter lookup: called once, or twice when `signature_name` comes behind the data and names another
    ///   signature than the default one: then the data is read again.
    package static func parse(
        _ body: UnsafeRawBufferPointer,
        signature lookup: Lookup
    ) throws(ServingError) -> ParsedPredictRequest {
        guard let start = body.baseAddress, body.count > 0 else {
            throw .invalidArgument("JSON Parse error: The document is empty")
        }
        let text = start.assumingMemoryBound(to: UInt8.self)
        guard body.count <= paddedRoom - NumberReader.lookahead else {
            return try parse(JSONScanner(start: text, count: body.count), lookup)
        }
        // Most of a short body is closer to its end than numbers may be that are read by words.
        return try withUnsafeTemporaryAllocation(of: UInt8.self, capacity: paddedRoom) { room in
            let copy = room.baseAddress!  // Capacity is above zero.
            copy.update(from: text, count: body.count)
            (copy + body.count).update(repeating: 0, count: NumberReader.lookahead)
            let scanner = JSONScanner(start: copy, count: body.count, padding: NumberReader.lookahead)
            return Result { () throws(ServingError) in try parse(scanner, lookup) }
        }.get()
    }

    /// Bytes on the stack for a short body and zeros behind it.
    private static let paddedRoom = 1024

    private static func parse(_ document: JSONScanner, _ lookup: Lookup) throws(ServingError) -> ParsedPredictRequest {
        var parser = PredictRequestParser(document)
        try parser.read(lookup, expecting: "")
        if let name = parser.signatureName, let used = parser.usedName, used != name {
            parser = PredictRequestParser(document)
            try parser.read(lookup, expecting: name)
        }
        return try parser.result(lookup)
    }

    var scanner: JSONScanner
    var inputs: [TensorAccumulator] = []
    private let document: JSONScanner
    private var isObject = true
    private var signatureName: String?
    private var signatureNameIsText = true
    /// The signature that the data was read with.
    private var usedName: String?
    /// The inputs of that signature.
    private var parameters: Result<[Signature.Parameter], ServingError>?
    private var hasRows = false
    private var hasColumns = false
    private var fault: Fault?

    /// What is wrong with the data.
    enum Fault {
        case error(ServingError)
        /// A text behind `JSON Value:` and the whole document.
        case document(String)
    }

    private init(_ document: JSONScanner) {
        scanner = document
        self.document = document
    }
}

// MARK: The document

extension PredictRequestParser {
    private mutating func read(_ lookup: Lookup, expecting name: String) throws(ServingError) {
        do throws(JSONSyntaxError) {
            try scanner.openDocument()
            guard scanner.peek() == UInt8(ascii: "{") else {
                isObject = false
                return try scanner.skipValue()
            }
            guard scanner.openContainer(closing: UInt8(ascii: "}")) else { return }
            repeat { try member(lookup, expecting: name) } while try scanner.hasNextMember()
        } catch {
            throw .invalidArgument("JSON Parse error: \(error.reason.rawValue) at offset: \(error.offset)")
        }
    }

    private mutating func member(_ lookup: Lookup, expecting name: String) throws(JSONSyntaxError) {
        let key = try scanner.memberName()
        if key.equals("instances"), !hasRows {
            hasRows = true
            try data(lookup, expecting: name) { parser, parameters throws(JSONSyntaxError) in
                try parser.readRows(parameters)
            }
        } else if key.equals("inputs"), !hasColumns {
            hasColumns = true
            try data(lookup, expecting: name) { parser, parameters throws(JSONSyntaxError) in
                try parser.readColumns(parameters)
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

    /// Reads the data with the signature named so far, or steps over it when there is none of that name or other data
    /// was met before.
    private mutating func data(
        _ lookup: Lookup,
        expecting name: String,
        _ read: (inout PredictRequestParser, [Signature.Parameter]) throws(JSONSyntaxError) -> Fault?
    ) throws(JSONSyntaxError) {
        guard usedName == nil else { return try scanner.skipValue() }
        let name = signatureName ?? name
        usedName = name
        let found = Result { () throws(ServingError) in try lookup(name).inputs }
        parameters = found
        guard case .success(let parameters) = found, !parameters.isEmpty else { return try scanner.skipValue() }
        fault = try read(&self, parameters)
    }

    private func result(_ lookup: Lookup) throws(ServingError) -> ParsedPredictRequest {
        guard isObject else { throw document.documentError("Is not object") }
        guard signatureNameIsText else {
            throw document.documentError("not formatted correctly. 'signature_name' key must be a string value.")
        }
        let name = signatureName ?? ""
        let parameters = if let parameters { try parameters.get() } else { try lookup(name).inputs }
        guard !parameters.isEmpty else {
            throw .invalidArgument("Failed to get input map for signature: \(name.isEmpty ? "DEFAULT" : name)")
        }
        guard !(hasRows && hasColumns) else {
            throw document.documentError(
                "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist "
            )
        }
        guard hasRows || hasColumns else { throw .invalidArgument("Missing 'inputs' or 'instances' key") }
        switch fault {
        case .error(let error): throw error
        case .document(let text): throw document.documentError(text)
        case nil: break
        }
        var tensors: [NamedTensor] = []
        tensors.reserveCapacity(inputs.count)
        for input in inputs { tensors.append(NamedTensor(name: input.name, tensor: try input.finish(rows: hasRows))) }
        return ParsedPredictRequest(form: hasRows ? .rows : .columns, signatureName: name, inputs: tensors)
    }
}
