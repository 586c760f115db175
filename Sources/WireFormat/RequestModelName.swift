import Inference

/// Finds which model a request is for when the rest of it cannot be used: what it is counted under.
public enum RequestModelName {
    /// The name in `model_spec` (field 1 of every inference request); empty where there is none.
    ///
    /// - Returns: `nil` when the bytes are no message.
    public static func find(in bytes: UnsafeRawBufferPointer) -> String? {
        do throws(WireError) {
            var reader = WireReader(bytes)
            var spec = ModelSpecFields()
            while !reader.isAtEnd {
                let tag = try reader.tag()
                switch tag {
                case .bytes(1): try spec.merge(try reader.payload())
                default: try reader.skip(tag)
                }
            }
            return spec.selector.name
        } catch {
            return nil
        }
    }
}
