import ModelSignatures

/// How an entry is written, apart from what it says: read by reports and conversions, which have seen that it can be read.
struct EntryForm {
    private(set) var isPacked = false
    /// The serialized `OptimizerDump`.
    private(set) var optimizer: UnsafeRawBufferPointer?

    /// `nil` when it cannot be read.
    init?(of record: UnsafeRawBufferPointer) {
        do throws(ProtobufReader.Malformed) {
            var reader = ProtobufReader(record)
            while let (field, value) = try reader.next() {
                guard case .bytes(let bytes) = value else { continue }
                if field == EntryField.values { isPacked = true }
                if field == EntryField.optimizer { optimizer = bytes }
            }
        } catch {
            return nil
        }
    }

    /// `ftrl, sgd`: what its segments were trained with; `nil` where it does not say.
    var optimizers: String? { optimizer.flatMap(OptimizerKinds.text).flatMap { $0.isEmpty ? nil : $0 } }
}
