import HTTP2Server

/// What fuzz-hpack does with an input, and the tests with its corpus.
package enum HPACKExercise {
    /// Decodes the input as header blocks that share one dynamic table, each after a byte with its length.
    package static func run(_ input: UnsafeRawBufferPointer) {
        var decoder = HPACKDecoder()
        var rest = input[...]
        while let length = rest.popFirst() {
            let block = rest.prefix(Int(length))
            rest = rest.dropFirst(Int(length))
            var fieldCount = 0
            do {
                try decoder.decode(UnsafeRawBufferPointer(rebasing: block)) { field in
                    fieldCount += 1
                    precondition(field.size >= HPACKField.overhead)
                }
            } catch {
                return
            }
            precondition(fieldCount <= block.count, "a field takes at least a byte")
        }
    }
}
