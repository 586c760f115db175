import Tensors

/// How much memory one message may make us allocate for its tensors.
///
/// A few bytes can claim a tensor of terabytes, because absent values are filled in. Values that are written out never
/// grow more than 16-fold (an empty string in `tensor_content`: one byte for its length becomes a 16-byte element), so
/// only values that are filled in can meet this limit.
struct AllocationBudget {
    static let growthLimit = 16
    /// What even the smallest message may ask for: a tensor of 16 million floats, say, as zeros.
    static let floor = 64 << 20

    private let limit: Int
    private var used = 0

    init(messageByteCount: Int) { limit = Self.floor + Self.growthLimit * messageByteCount }

    /// Accounts for `count` elements of `width` bytes.
    mutating func take(_ count: Int, width: Int, for shape: TensorShape) throws(TensorError) {
        let (bytes, overflow) = count.multipliedReportingOverflow(by: width)
        guard !overflow, bytes <= limit - used else {
            throw TensorError(
                "shape \(shape) needs \(overflow ? "more than 2^63" : String(bytes)) bytes, but fewer values than"
                    + " elements were sent and a message of this size may have at most \(limit) bytes filled in"
            )
        }
        used += bytes
    }

    /// Whether `count` copies of `byteCount` bytes are not too much.
    func allows(_ byteCount: Int, times count: Int) -> Bool {
        let (bytes, overflow) = byteCount.multipliedReportingOverflow(by: count)
        return !overflow && bytes <= limit - used
    }
}
