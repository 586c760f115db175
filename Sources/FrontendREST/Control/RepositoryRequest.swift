package import ServingPrimitives
package import WireFormat

/// The body of a request of Triton's model repository extension: a JSON object, or nothing.
package struct RepositoryRequest {
    /// Bodies are a few hundred bytes, and no file of a model comes in one.
    private static let longestBody = 4 << 20
    private static let maximumParameters = 64

    /// Of an index: only what answers requests.
    package private(set) var readyOnly = false
    /// Of a load or unload.
    package var parameters: RepositoryParameters { RepositoryParameters(values) }

    private var values: [String: RepositoryParameters.Value] = [:]
    /// The first thing that is wrong with what the text says.
    private var fault: String?

    /// - Throws: `INVALID_ARGUMENT`: what was found and what was expected.
    package init(_ bytes: UnsafeRawBufferPointer) throws(ServingError) {
        guard bytes.count <= Self.longestBody else {
            throw .invalidArgument(
                "The request's body has \(bytes.count) bytes; at most \(Self.longestBody) are read. Files of a model cannot "
                    + "be uploaded: give a base_path in the parameter \"config\""
            )
        }
        guard let start = bytes.baseAddress, bytes.contains(where: { $0 > 0x20 }) else { return }
        var scanner = JSONScanner(start: start.assumingMemoryBound(to: UInt8.self), count: bytes.count)
        do throws(JSONSyntaxError) {
            try read(&scanner)
            scanner.skipWhitespace()
            if scanner.offset < bytes.count { find("The document goes on behind its end") }
        } catch {
            throw .invalidArgument("JSON Parse error: \(error.reason.rawValue) at offset: \(error.offset)")
        }
        if let fault { throw .invalidArgument(fault) }
    }

    private mutating func find(_ fault: String) { if self.fault == nil { self.fault = fault } }

    private mutating func read(_ scanner: inout JSONScanner) throws(JSONSyntaxError) {
        try scanner.openDocument()
        guard scanner.peek() == UInt8(ascii: "{") else {
            find("The request's body is not a JSON object")
            return try scanner.skipValue()
        }
        guard scanner.openContainer(closing: UInt8(ascii: "}")) else { return }
        repeat {
            let name = try scanner.memberName()
            if name.equals("ready") {
                guard case .bool(let value) = try value(&scanner) else {
                    find("\"ready\" is neither true nor false")
                    continue
                }
                readyOnly = value
            } else if name.equals("parameters") {
                try readParameters(&scanner)
            } else {
                find("Unknown member \"\(name.text)\"; expected \"parameters\" or \"ready\"")
                try scanner.skipValue()
            }
        } while try scanner.hasNextMember()
    }

    private mutating func readParameters(_ scanner: inout JSONScanner) throws(JSONSyntaxError) {
        guard scanner.peek() == UInt8(ascii: "{") else {
            find("\"parameters\" is not an object")
            return try scanner.skipValue()
        }
        guard scanner.openContainer(closing: UInt8(ascii: "}")) else { return }
        repeat {
            let name = try scanner.memberName().text
            let value = try value(&scanner)
            guard values.count < Self.maximumParameters else {
                find("More than \(Self.maximumParameters) parameters")
                continue
            }
            if let value {
                values[name] = value
            } else {
                find("The parameter \"\(name)\" is a list, an object or null")
            }
        } while try scanner.hasNextMember()
    }

    /// `nil` for what no parameter can be.
    private func value(_ scanner: inout JSONScanner) throws(JSONSyntaxError) -> RepositoryParameters.Value? {
        switch scanner.peek() {
        case UInt8(ascii: "\""): return .string(try scanner.string().text)
        case UInt8(ascii: "t"):
            try scanner.literal("true")
            return .bool(true)
        case UInt8(ascii: "f"):
            try scanner.literal("false")
            return .bool(false)
        case UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: "n"):
            try scanner.skipValue()
            return nil
        default:
            guard case .integer(let number) = try scanner.number() else { return nil }
            return .int(number)
        }
    }
}
