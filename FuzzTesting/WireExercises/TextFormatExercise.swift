import ServingProtos
import SwiftProtobuf
import WireFormat

/// What fuzz-text-format does with an input, and the tests with its corpus: the first byte chooses a message, the rest is
/// its text. What is read must come out the same when SwiftProtobuf writes it and it is read again; what is refused must
/// say where and why.
package enum TextFormatExercise {
    package static func run(_ input: UnsafeRawBufferPointer) {
        if let disagreement = disagreement(on: Array(input)) { fatalError(disagreement) }
    }

    /// `nil` when all is well.
    package static func disagreement(on bytes: [UInt8]) -> String? {
        let text = String(decoding: bytes.dropFirst(), as: UTF8.self)
        return switch bytes.first.map({ $0 % 4 }) {
        case 1: disagreement(on: text, Tensorflow_ConfigProto.self)
        case 2: disagreement(on: text, Tensorflow_Serving_PlatformConfigMap.self)
        case 3: disagreement(on: text, Tensorflow_AttrValue.self)
        default: disagreement(on: text, Tensorflow_Serving_ModelServerConfig.self)
        }
    }

    private static func disagreement<M: Message & Equatable>(on text: String, _ type: M.Type) -> String? {
        do throws(TextFormatError) {
            let message = try TextFormat.decode(text, as: type)
            return disagreementOnAgain(message)
        } catch {
            return disagreement(error, text)
        }
    }

    private static func disagreementOnAgain<M: Message & Equatable>(_ message: M) -> String? {
        let text = message.textFormatString()
        // The sign of a NaN is not written.
        if text.contains("nan") { return nil }
        guard let again = try? TextFormat.decode(text, as: M.self),
            let bytes: [UInt8] = try? message.serializedBytes(options: .deterministic),
            let bytesAgain: [UInt8] = try? again.serializedBytes(options: .deterministic)
        else { return "cannot read what was written: \(text)" }
        return bytes == bytesAgain ? nil : "another message when written and read again: \(text)"
    }

    private static func disagreement(_ error: TextFormatError, _ text: String) -> String? {
        guard let first = error.problems.first else { return "refused without a reason" }
        if first.message.hasPrefix("The message cannot be decoded") { return "written wrongly: \(first)" }
        let lines = text.utf8.count { $0 == UInt8(ascii: "\n") } + 1
        return error.problems.contains { !(1...lines).contains($0.line) || $0.column < 1 || $0.message.isEmpty }
            ? "a problem is nowhere: \(error)" : nil
    }
}

extension BinaryEncodingOptions {
    fileprivate static var deterministic: Self {
        var options = Self()
        options.useDeterministicOrdering = true
        return options
    }
}
