import ServingPrimitives

/// Reads an API keys file line by line. No text it makes has a secret in it.
struct AccessRulesParser {
    private static let toldProblems = 20

    private(set) var keys: [AccessRules.Key] = []
    private(set) var anonymous: AccessGrant?
    private(set) var problems: [String] = []
    private var problemCount = 0
    private var names: Set<String> = []

    var summary: String {
        let rest = problemCount - problems.count
        return problems.joined(separator: "; ") + (rest > 0 ? "; and \(rest) more" : "")
    }

    mutating func read(_ line: ArraySlice<UInt8>, number: Int) {
        let fields = line.split { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
        guard let first = fields.first, first.first != UInt8(ascii: "#") else { return }
        let comment = fields.firstIndex { $0.first == UInt8(ascii: "#") } ?? fields.count
        do throws(Problem) {
            try readKey(Array(fields[..<comment]))
        } catch {
            problemCount += 1
            if problems.count < Self.toldProblems { problems.append("line \(number): \(error.text)") }
        }
    }

    private struct Problem: Error {
        var text: String
    }

    private mutating func readKey(_ fields: [ArraySlice<UInt8>]) throws(Problem) {
        guard (3...4).contains(fields.count) else {
            throw Problem(text: "\(fields.count) fields; expected a name, a key, verbs and, if not all, models")
        }
        let name = try Self.name(fields[0])
        guard names.insert(name).inserted else { throw Problem(text: "the name \(name) comes twice") }
        let grant = AccessGrant(
            verbs: try Self.verbs(fields[2]),
            models: fields.count == 4 ? try Self.models(fields[3]) : nil
        )
        if name == "anonymous" {
            guard fields[1].elementsEqual("-".utf8) else {
                throw Problem(text: "anonymous callers have no key; expected - in its place")
            }
            anonymous = grant
            return
        }
        let digest = try Self.digest(fields[1])
        guard !keys.contains(where: { $0.digest == digest }) else {
            throw Problem(text: "the key of \(name) is another one's, too")
        }
        guard keys.count < AccessRules.maximumKeyCount else {
            throw Problem(text: "more than \(AccessRules.maximumKeyCount) keys")
        }
        keys.append(AccessRules.Key(name: name, digest: digest, grant: grant))
    }

    private static func name(_ field: ArraySlice<UInt8>) throws(Problem) -> String {
        let isGood = field.allSatisfy { byte in
            byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 || [0x2D, 0x2E, 0x5F].contains(byte)
        }
        guard isGood, field.count <= 64 else {
            throw Problem(text: "the name is not up to 64 letters, digits, dots, hyphens and underscores")
        }
        return String(decoding: field, as: UTF8.self)
    }

    private static func digest(_ field: ArraySlice<UInt8>) throws(Problem) -> SHA256Digest {
        let prefix = Array("sha256:".utf8)
        if field.starts(with: prefix) {
            let text = String(decoding: field.dropFirst(prefix.count), as: UTF8.self)
            guard let digest = SHA256Digest(hexadecimal: text) else {
                throw Problem(text: "sha256: is not followed by 64 hexadecimal digits")
            }
            return digest
        }
        guard (16...512).contains(field.count), field.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw Problem(text: "the key is not 16 to 512 printable ASCII characters, nor sha256: and its digest")
        }
        return SHA256Digest(of: field)
    }

    private static func verbs(_ field: ArraySlice<UInt8>) throws(Problem) -> Set<AccessVerb> {
        if field.elementsEqual("*".utf8) { return Set(AccessVerb.allCases) }
        var verbs: Set<AccessVerb> = []
        for part in field.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
            guard let verb = AccessVerb(rawValue: String(decoding: part, as: UTF8.self)) else {
                let known = AccessVerb.allCases.map(\.rawValue).joined(separator: ", ")
                throw Problem(text: "an unknown verb; expected * or some of \(known), with commas between them")
            }
            verbs.insert(verb)
        }
        return verbs
    }

    private static func models(_ field: ArraySlice<UInt8>) throws(Problem) -> [String]? {
        if field.elementsEqual("*".utf8) { return nil }
        var models: [String] = []
        for part in field.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
            guard !part.isEmpty, !part.dropLast().contains(UInt8(ascii: "*")), models.count < 256,
                let text = String(validating: part, as: UTF8.self)
            else {
                throw Problem(
                    text:
                        "the models are not up to 256 names with commas between them, in which only the end may be a *"
                )
            }
            models.append(text)
        }
        return models
    }
}
