import ModelSources
import ServingPrimitives

/// What fuzz-checksum-list does with an input: reads it as a SHA256SUMS file, and reads what it means once more.
package enum ChecksumListExercise {
    package static func run(_ input: UnsafeRawBufferPointer) {
        if let fault = fault(in: Array(input)) { fatalError(fault) }
    }

    /// `nil` when all is well.
    package static func fault(in bytes: [UInt8]) -> String? {
        guard let list = try? ChecksumList(bytes) else { return nil }
        if let path = list.digests.keys.first(where: { !SafePath.isBelow($0) }) { return "a path leads out: \(path)" }
        let text = list.digests.map { "\($0.value)  \($0.key)\n" }.joined()
        return (try? ChecksumList(Array(text.utf8))) == list ? nil : "it is not read back"
    }
}
