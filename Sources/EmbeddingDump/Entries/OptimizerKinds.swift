import ModelSignatures

/// Which optimizers left a state in an entry, one for each segment of the row.
enum OptimizerKinds {
    /// The alternatives of `monolith.hash_table.OptimizerDump.SingleOptimizerDump` by their numbers.
    private static let names: [Int: String] = [
        1: "adagrad", 2: "sgd", 3: "ftrl", 4: "dynamic_wd_adagrad", 6: "adadelta", 7: "adam", 8: "amsgrad",
        9: "momentum", 11: "rmsprop", 12: "rmspropv2", 13: "group_ftrl", 14: "batch_softmax", 15: "group_adagrad",
    ]

    /// `ftrl, sgd`; empty for an empty state, `nil` for one that cannot be read.
    ///
    /// - Parameter state: a serialized `OptimizerDump`.
    static func text(_ state: UnsafeRawBufferPointer) -> String? {
        var kinds: [String] = []
        do throws(ProtobufReader.Malformed) {
            var reader = ProtobufReader(state)
            while let (field, value) = try reader.next() {
                guard field == 1, case .bytes(let single) = value else { continue }
                var inner = ProtobufReader(single)
                let kind = try inner.next()
                kinds.append(kind.map { names[$0.field] ?? "optimizer \($0.field)" } ?? "none")
            }
        } catch {
            return nil
        }
        return kinds.joined(separator: ", ")
    }
}
