/// How the numbers of a part of a row are stored: Monolith's compressors (`float_compressor.proto`).
public enum RowCompression: Sendable, Hashable {
    /// Single precision, as it came. 4 bytes a number.
    case fp32
    /// IEEE half precision. 2 bytes a number.
    case fp16
    /// A signed byte of steps of `range / 128`: numbers from `-range` up to one step below `range`. 1 byte a number.
    case fixedR8(range: Float)
    /// The sign alone: `amplitude` or its negative. A byte a number, as Monolith has it; zero is negative.
    case oneBit(scale: Float, amplitude: Float)

    /// Bytes that a number takes.
    public var bytesPerNumber: Int {
        switch self {
        case .fp32: 4
        case .fp16: 2
        case .fixedR8, .oneBit: 1
        }
    }

    /// What is wrong with its settings; `nil` when they are fine.
    var problem: String? {
        switch self {
        case .fp32, .fp16: nil
        case .fixedR8(let range): Self.problem("the range of fixed_r8", range)
        case .oneBit(let scale, let amplitude):
            Self.problem("the scale of one_bit", scale) ?? Self.problem("the amplitude of one_bit", amplitude)
        }
    }

    private static func problem(_ what: String, _ value: Float) -> String? {
        value.isFinite && value > 0 ? nil : "\(what) is \(value); expected a positive number"
    }
}
