public import Batching

/// How the requests of one model version are batched.
public struct ModelBatchingOptions: Sendable, Hashable {
    /// Limits of each queue of the version.
    public var limits: BatchLimits
    /// A batch is filled up to the first of these that is large enough; any size goes when there is none.
    public var allowedBatchSizes: [Int]
    /// Pads inputs of different lengths to the longest of the batch.
    public var padsVariableLengthInputs: Bool

    public init(limits: BatchLimits, allowedBatchSizes: [Int] = [], padsVariableLengthInputs: Bool = false) {
        self.limits = limits
        self.allowedBatchSizes = allowedBatchSizes
        self.padsVariableLengthInputs = padsVariableLengthInputs
    }

    /// Rows to run for a batch of so many.
    func executedRows(for rows: Int) -> Int { allowedBatchSizes.first { $0 >= rows } ?? rows }
}
