import EngineInterface

extension [Signature] {
    /// Whether clients can tell no difference.
    func describeTheSame(as other: [Signature]) -> Bool {
        // The stated definition is left out: what it says is in the parameters, and the engine may write its maps in another
        // order in each process.
        func written(_ signatures: [Signature]) -> [UInt8]? {
            try? MessageWriter.bytes(limit: ChannelMemory.halfSize) { writer in
                writer.write(signatures) { writer, signature in
                    var signature = signature
                    signature.definition = []
                    writer.write(signature)
                }
            }
        }
        return written(self) == written(other)
    }
}
