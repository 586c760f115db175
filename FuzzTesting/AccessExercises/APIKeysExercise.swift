import AccessControl
import ServingPrimitives

/// What fuzz-api-keys does with an input, and the tests with its corpus: reads it as a keys file. What is read must know
/// nobody by a key it does not have; what is refused must say where, and no secret.
package enum APIKeysExercise {
    package static func run(_ input: UnsafeRawBufferPointer) {
        if let fault = fault(in: Array(input)) { fatalError(fault) }
    }

    /// `nil` when all is well.
    package static func fault(in bytes: [UInt8]) -> String? {
        do throws(ServingError) {
            let rules = try AccessRules(bytes)
            guard rules.keyCount <= AccessRules.maximumKeyCount else { return "too many keys are read" }
            return rules.caller(presenting: "a key that nobody has".utf8) == nil ? nil : "anybody is let in"
        } catch {
            guard error.code == .invalidArgument, error.message.contains("line ") || bytes.count > 1 << 20 else {
                return "refused without saying where: \(error)"
            }
            return leakedSecret(of: bytes, in: error.message).map { "the error says the secret \($0)" }
        }
    }

    /// The second field of a line, where it is long enough to be told from a word of ours. One that is a part of a name, too,
    /// may be told with that name.
    private static func leakedSecret(of bytes: [UInt8], in text: String) -> String? {
        let lines = bytes.split(separator: 0x0A).map { $0.split { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D } }
        let names = lines.compactMap(\.first).map { String(decoding: $0, as: UTF8.self) }
        for fields in lines where fields.count > 1 && fields[1].count >= 16 {
            guard let secret = String(validating: fields[1], as: UTF8.self), text.contains(secret),
                !names.contains(where: { $0.contains(secret) })
            else { continue }
            return secret
        }
        return nil
    }
}
