import ServingPrimitives

extension ServerConfiguration {
    /// What is done about a file `SHA256SUMS` in a version's folder, as `sha256sum` writes it.
    public enum Checksums: String, Sendable, Hashable, CaseIterable {
        /// What it lists must be there as it says; a version without one is fine.
        case verify
        /// A version without one is not served.
        case require
        /// It is a file as any other.
        case ignore
    }
}

extension ServerConfiguration.Model {
    /// What a model's own settings say of checksums. Raw values are those of `apus.ModelOptions.Checksums`; one that stands
    /// for nothing is a problem of the configuration.
    public struct ChecksumChoice: RawRepresentable, Sendable, Hashable {
        /// As for all models.
        public static let unset = ChecksumChoice(rawValue: 0)

        public var rawValue: Int

        public init(rawValue: Int) { self.rawValue = rawValue }

        /// `nil` where the model says nothing.
        public var checksums: ServerConfiguration.Checksums? {
            switch rawValue {
            case 1: .verify
            case 2: .require
            case 3: .ignore
            default: nil
            }
        }
    }

    /// What is wrong with how its versions are to be checked.
    var completenessProblem: ServingError? {
        if let milliseconds = settleMilliseconds, !ServerConfiguration.Stores.settleRange.contains(milliseconds) {
            return .invalidArgument(
                "Model \(name) asks for a settle time of \(milliseconds) ms; expected 0 to "
                    + "\(ServerConfiguration.Stores.settleRange.upperBound)"
            )
        }
        guard !(0...3).contains(checksums.rawValue) else { return nil }
        return .invalidArgument(
            "Model \(name) asks for the checksums \(checksums.rawValue), which is not known; expected VERIFY (1), "
                + "REQUIRE (2) or IGNORE (3)"
        )
    }
}
