/// One data file of a checkpoint: `variables/variables.data-00000-of-00002`
/// (`tensorflow/core/util/tensor_bundle/naming.cc`).
struct VariableShard: Hashable {
    var number: Int
    var count: Int

    private static let prefix = "variables/variables.data-"

    init(number: Int, count: Int) {
        self.number = number
        self.count = count
    }

    init?(path: String) {
        guard path.hasPrefix(Self.prefix) else { return nil }
        let parts = path.dropFirst(Self.prefix.count).split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[1] == "of", parts[0].utf8.count == 5, parts[2].utf8.count == 5,
            let number = Int(parts[0]), let count = Int(parts[2]), (0..<count).contains(number)
        else { return nil }
        self.init(number: number, count: count)
    }

    var path: String { Self.prefix + Self.fiveDigits(number) + "-of-" + Self.fiveDigits(count) }

    private static func fiveDigits(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 5 - digits.utf8.count)) + digits
    }
}
