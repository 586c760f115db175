import ServingPrimitives

/// Parts of URLs.
enum URLText {
    /// `a=1&b=2`, in the order of the names, as signatures want it.
    static func query(_ parameters: [String: String]) -> String {
        parameters.sorted { $0.key < $1.key }
            .map { "\(PercentCode.encoded($0.key))=\(PercentCode.encoded($0.value))" }
            .joined(separator: "&")
    }
}
