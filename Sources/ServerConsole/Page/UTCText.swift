import ServingPrimitives

/// A date as pages carry it for their script: `2026-11-21T14:03:22Z`.
func utcText(_ milliseconds: Int64) -> String { UTCDate(seconds: Int(clamping: milliseconds / 1000)).text }
