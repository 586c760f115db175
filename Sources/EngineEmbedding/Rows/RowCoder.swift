import CEmbedding

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Compresses and decompresses rows of a format. The parts lie in memory of their own, so that a lookup walks them
/// without an array's reference counts and checks.
final class RowCoder: @unchecked Sendable {
    // Sendable: nothing is written after the initialiser.

    /// A part of the row as the conversions want it.
    struct Part {
        enum Kind { case fp32, fp16, fixedR8, oneBit }
        var kind: Kind
        var dimension: Int
        var byteCount: Int
        /// What a stored byte is multiplied by.
        var factor: Float
        /// Of `oneBit`, what a number is multiplied by before its sign is taken.
        var scale: Float
    }

    let format: RowFormat
    private let parts: UnsafeMutableBufferPointer<Part>

    init(_ format: RowFormat) {
        self.format = format
        parts = .allocate(capacity: format.segments.count)
        _ = parts.initialize(from: format.segments.map(Part.init))
    }

    deinit { parts.deallocate() }

    /// - Parameters:
    ///   - row: `format.byteCount` bytes, at any alignment.
    ///   - numbers: room for `format.dimension` numbers.
    @inline(__always)
    func decode(_ row: UnsafeRawPointer, into numbers: UnsafeMutablePointer<Float>) {
        var row = row
        var numbers = numbers
        for part in parts {
            switch part.kind {
            case .fp32: memcpy(numbers, row, part.byteCount)
            case .fp16: cembedding_decode_fp16(row, numbers, part.dimension)
            case .fixedR8, .oneBit: cembedding_decode_int8(row, numbers, part.dimension, part.factor)
            }
            row += part.byteCount
            numbers += part.dimension
        }
    }

    /// - Parameters:
    ///   - numbers: `format.dimension` of them.
    ///   - row: room for `format.byteCount` bytes, at any alignment.
    func encode(_ numbers: UnsafePointer<Float>, into row: UnsafeMutableRawPointer) {
        var target = row
        var numbers = numbers
        for part in parts {
            switch part.kind {
            case .fp32: memcpy(target, numbers, part.byteCount)
            case .fp16: cembedding_encode_fp16(numbers, target, part.dimension)
            case .fixedR8: Self.encodeSteps(numbers, into: target, part)
            case .oneBit: Self.encodeSigns(numbers, into: target, part)
            }
            target += part.byteCount
            numbers += part.dimension
        }
    }

    /// To the nearest step, halves away from zero, with Monolith's own order of operations; NaN becomes zero.
    private static func encodeSteps(
        _ numbers: UnsafePointer<Float>,
        into row: UnsafeMutableRawPointer,
        _ part: Part
    ) {
        let step = part.factor
        let half = step / 2
        for index in 0..<part.dimension {
            let number = numbers[index]
            let steps = (number >= 0 ? number + half : number - half) / step
            // The comparisons put infinities to the ends; a NaN is left, and is zero.
            let inRange = max(-128, min(127, steps))
            let byte = number.isNaN ? 0 : Int8(inRange)
            row.storeBytes(of: byte, toByteOffset: index, as: Int8.self)
        }
    }

    private static func encodeSigns(
        _ numbers: UnsafePointer<Float>,
        into row: UnsafeMutableRawPointer,
        _ part: Part
    ) {
        // Monolith asks whether tanh(scale * x) is above zero: just when its argument is.
        for index in 0..<part.dimension {
            row.storeBytes(of: part.scale * numbers[index] > 0 ? 1 : -1, toByteOffset: index, as: Int8.self)
        }
    }
}

extension RowCoder.Part {
    init(_ segment: RowSegment) {
        let kind: Kind
        var factor: Float = 1
        var scale: Float = 1
        switch segment.compression {
        case .fp32: kind = .fp32
        case .fp16: kind = .fp16
        case .fixedR8(let range):
            kind = .fixedR8
            factor = range / 128
        case .oneBit(let steepness, let amplitude):
            kind = .oneBit
            factor = amplitude
            scale = steepness
        }
        self.init(
            kind: kind,
            dimension: segment.dimension,
            byteCount: segment.byteCount,
            factor: factor,
            scale: scale
        )
    }
}
