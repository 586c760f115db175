import ServingPrimitives

/// What fuzz-json-tree does with an input: reads it as an answer in JSON, and looks into it.
package enum JSONTreeExercise {
    private static let names = ["a", "items", "error", "access_token", "Credentials", ""]

    package static func run(_ input: UnsafeRawBufferPointer) {
        if let fault = fault(in: Array(input)) { fatalError(fault) }
    }

    /// `nil` when all is well.
    package static func fault(in bytes: [UInt8]) -> String? { JSONTree(bytes).flatMap { fault(in: $0, depth: 0) } }

    private static func fault(in tree: JSONTree, depth: Int) -> String? {
        guard depth < 1_000 else { return "it has no end" }
        let kinds = [tree.list != nil, tree.text != nil, tree.bool != nil].count { $0 }
        guard kinds <= 1 else { return "it is of \(kinds) kinds" }
        if let number = tree.integer, let text = tree.text, Int64(text) != number {
            return "\(text) is read as \(number)"
        }
        let children = (tree.list ?? []) + names.compactMap { tree[$0] }
        for child in children {
            if let fault = fault(in: child, depth: depth + 1) { return fault }
        }
        return nil
    }
}
