import Glibc
package import HTTPClient
import WireFormat

/// Says whether an answer of status OK is a good one: it has as many rows as the first one to the same request had, or
/// is the same as that one.
///
/// Most answers are the same bytes as one that was checked before, and are known by comparing.
struct AnswerChecker {
    private struct Known {
        var bytes: [UInt8] = []
        var rows: Int?
        var isKnown = false
    }

    private static let comparedByteCount = 1 << 20

    private let requiresEqual: Bool
    private var known: [Known]

    init(requestCount: Int, requiresEqual: Bool) {
        self.requiresEqual = requiresEqual
        known = Array(repeating: Known(), count: requestCount)
    }

    /// - Returns: `nil` for a good answer.
    mutating func fault(
        of request: Int,
        _ check: AnswerCheck,
        _ body: UnsafeRawBufferPointer
    ) -> BrokenAnswer? {
        if check == .status, !requiresEqual { return nil }
        if known[request].isKnown, Self.areEqual(known[request].bytes, body) { return nil }
        if known[request].isKnown, requiresEqual { return .notEqual }
        guard let rows = AnswerRows(check, body) else { return .malformed }
        guard known[request].isKnown else {
            known[request].isKnown = true
            known[request].rows = rows.count
            let isKept = requiresEqual || body.count <= Self.comparedByteCount
            known[request].bytes = isKept ? Array(body) : []
            return nil
        }
        return rows.count == known[request].rows ? nil : .wrongRows
    }

    private static func areEqual(_ known: [UInt8], _ body: UnsafeRawBufferPointer) -> Bool {
        guard known.count == body.count else { return false }
        guard let start = body.baseAddress, body.count > 0 else { return true }
        // Not empty, so it has an address.
        return known.withUnsafeBytes { memcmp($0.baseAddress.unsafelyUnwrapped, start, body.count) } == 0
    }
}

/// Rows of an answer.
package struct AnswerRows {
    /// `nil` where the answer says nothing of rows.
    package var count: Int?

    /// `nil` when the answer is not what it should be.
    package init?(_ check: AnswerCheck, _ body: UnsafeRawBufferPointer) {
        switch check {
        case .status: count = nil
        case .predictResponse:
            // A gRPC message: a flag, four bytes of length, the message.
            guard body.count >= 5, body[0] == 0 else { return nil }
            let length = Int(UInt32(bigEndian: body.loadUnaligned(fromByteOffset: 1, as: UInt32.self)))
            guard length == body.count - 5 else { return nil }
            let message = UnsafeRawBufferPointer(rebasing: body[5...])
            guard case .rows(let rows) = PredictResponseRows.count(in: message) else { return nil }
            count = rows
        case .predictJSON:
            guard let rows = JSONRows.count(in: body) else { return nil }
            count = rows
        }
    }
}
