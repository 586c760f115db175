#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Copies rows into larger rows, the rest of which it fills with one element.
struct PaddedCopy {
    /// Sizes of the dimensions of a row, outermost first.
    private let from: [Int]
    private let to: [Int]
    /// Bytes of one element of dimension `index` of a row: in the source and in the target.
    private let fromBytes: [Int]
    private let toBytes: [Int]
    private let stride: Int
    private let filler: UnsafeRawPointer

    /// - Parameters:
    ///   - from: shape of the source, of the rank of `to`.
    ///   - to: no dimension after the first is smaller than in `from`.
    ///   - stride: bytes of an element.
    ///   - filler: the element to fill with.
    init(from: TensorShape, to: TensorShape, stride: Int, filler: UnsafeRawPointer) {
        self.from = Array(from.dimensions.dropFirst())
        self.to = Array(to.dimensions.dropFirst())
        self.stride = stride
        self.filler = filler
        fromBytes = Self.bytes(self.from, stride)
        toBytes = Self.bytes(self.to, stride)
    }

    private static func bytes(_ dimensions: [Int], _ stride: Int) -> [Int] {
        var bytes = dimensions.map { _ in stride }
        for index in dimensions.indices.dropLast().reversed() {
            bytes[index] = bytes[index + 1] * dimensions[index + 1]
        }
        return bytes
    }

    func copy(_ source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, rows: Int) {
        // Rows of one element are vectors: they have nothing to pad.
        guard let first = from.first, let toFirst = to.first else { return }
        for row in 0..<rows {
            copy(source + row * first * fromBytes[0], to: target + row * toFirst * toBytes[0], dimension: 0)
        }
    }

    /// Copies one element of the dimension before `dimension`.
    private func copy(_ source: UnsafeRawPointer, to target: UnsafeMutableRawPointer, dimension: Int) {
        let copied = from[dimension] * toBytes[dimension]
        if dimension == from.count - 1 || from[(dimension + 1)...] == to[(dimension + 1)...] {
            target.copyMemory(from: source, byteCount: copied)
        } else {
            for index in 0..<from[dimension] {
                copy(
                    source + index * fromBytes[dimension],
                    to: target + index * toBytes[dimension],
                    dimension: dimension + 1
                )
            }
        }
        fill(target + copied, byteCount: to[dimension] * toBytes[dimension] - copied)
    }

    /// Each step doubles what is filled.
    private func fill(_ target: UnsafeMutableRawPointer, byteCount: Int) {
        guard byteCount > 0 else { return }
        if stride == 1 {
            memset(target, Int32(filler.load(as: UInt8.self)), byteCount)
            return
        }
        target.copyMemory(from: filler, byteCount: stride)
        var filled = stride
        while filled < byteCount {
            let count = min(filled, byteCount - filled)
            (target + filled).copyMemory(from: target, byteCount: count)
            filled += count
        }
    }
}
