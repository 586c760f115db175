import Cluster
public import ServingPrimitives

extension RoutesTable {
    /// Reads lines `route NAME ADDRESS [ADDRESS ...]`; a name may have several. Empty lines and those that begin with # say
    /// nothing.
    ///
    /// - Throws: `INVALID_ARGUMENT` or `RESOURCE_EXHAUSTED`: which line is wrong and what was expected. A table is taken
    ///   whole or not at all.
    public init(text bytes: [UInt8]) throws(ServingError) {
        self.init()
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            do throws(ServingError) {
                try read(line)
            } catch {
                throw ServingError(error.code, "line \(index + 1): \(error.message)")
            }
        }
    }

    private mutating func read(_ line: ArraySlice<UInt8>) throws(ServingError) {
        guard let text = String(validating: line, as: UTF8.self) else {
            throw .invalidArgument("the line is no UTF-8")
        }
        let words = text.split { $0 == " " || $0 == "\t" || $0 == "\r" }
        guard let first = words.first, !first.hasPrefix("#") else { return }
        guard first == "route", words.count >= 3 else {
            throw .invalidArgument("expected: route NAME ADDRESS [ADDRESS ...]")
        }
        for word in words[2...] {
            guard let address = ReplicaAddress(String(word)) else {
                throw .invalidArgument("\"\(word.prefix(100))\" is no address; expected HOST:PORT, as 10.0.0.1:8500")
            }
            try add(address, to: String(words[1]))
        }
    }
}
