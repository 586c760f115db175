public import ServingPrimitives

extension ServerConfiguration {
    /// Models that run on threads of their own, so that others keep theirs.
    public struct CPUGroup: Sendable, Hashable {
        public var name: String
        /// Cores: 2 is two of them, 0.5 is half of those that the process may use. At least one thread in any case.
        public var share: Double
        /// The cores that its threads may run on, by the numbers that Linux gives them; empty is all.
        public var cores: [Int]

        public init(name: String, share: Double, cores: [Int] = []) {
            self.name = name
            self.share = share
            self.cores = cores
        }

        /// Threads for a process that may use so many cores: shares below 1 are parts of these, rounded to the nearest.
        public func threads(cores: Int) -> Int {
            let wanted = share < 1 ? share * Double(cores) : share
            return max(Int(min(wanted, 4096).rounded()), 1)
        }

        static func report(_ groups: [CPUGroup], _ report: (String) -> Void) {
            var names: Set<String> = []
            for group in groups {
                if group.name.isEmpty { report("A CPU group has no name; expected NAME=SHARE, like batch=0.5") }
                if !names.insert(group.name).inserted { report("The CPU group \(group.name) is listed twice") }
                if !(group.share > 0 && group.share <= 4096) {
                    report(
                        "The CPU group \(group.name) has a share of \(group.share); expected more than 0, at most 4096"
                    )
                }
            }
        }
    }
}

extension ServerConfiguration.CPUGroup {
    /// Reads `batch=0.5` or `batch=2@0-1,4`: a name, its share, and the cores it is kept to.
    ///
    /// - Throws: `INVALID_ARGUMENT` with what is expected.
    public init(_ text: String) throws(ServingError) {
        guard let group = Self.parse(text) else {
            throw .invalidArgument(
                "\"\(text)\" is no CPU group; expected NAME=SHARE or NAME=SHARE@CORES, like batch=0.5 or batch=2@2-3"
            )
        }
        self = group
    }

    private static func parse(_ text: String) -> Self? {
        guard let separator = text.firstIndex(of: "=") else { return nil }
        let parts = text[text.index(after: separator)...].split(separator: "@", omittingEmptySubsequences: false)
        guard separator > text.startIndex, parts.count <= 2, let share = Double(parts[0]), share.isFinite, share > 0
        else { return nil }
        var group = Self(name: String(text[..<separator]), share: share)
        guard parts.count == 2 else { return group }
        for part in parts[1].split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
            guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1],
                (0...1023).contains(first), (first...1023).contains(last)
            else { return nil }
            group.cores += first...last
        }
        return group
    }
}
