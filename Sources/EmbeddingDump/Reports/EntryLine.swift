import ServingPrimitives

/// An entry as a line of JSON, as `apus embedding dump` prints it.
public enum EntryLine {
    /// With a line feed. Values that are no numbers of JSON are strings: `"NaN"`, `"Infinity"`, `"-Infinity"`.
    public static func append(_ batch: EntryBatch, _ index: Int, table: String, to bytes: inout [UInt8]) {
        bytes += "{\"table\": ".utf8
        JSONQuoting.append(table, to: &bytes)
        bytes += ", \"id\": \(batch.ids[index]), \"update_time\": \(batch.updateTimes[index])".utf8
        if let optimizers = EntryForm(of: batch.record(index))?.optimizers {
            bytes += ", \"optimizer\": ".utf8
            JSONQuoting.append(optimizers, to: &bytes)
        }
        bytes += ", \"values\": [".utf8
        for (position, value) in batch.row(index).enumerated() {
            if position > 0 { bytes += ", ".utf8 }
            bytes += text(value).utf8
        }
        bytes += "]}\n".utf8
    }

    private static func text(_ value: Float) -> String {
        if value.isNaN { return "\"NaN\"" }
        if value.isInfinite { return value > 0 ? "\"Infinity\"" : "\"-Infinity\"" }
        return "\(value)"
    }
}
