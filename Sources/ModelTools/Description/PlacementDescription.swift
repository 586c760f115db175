import Servables
public import ServingPrimitives

/// Devices and models as somebody wrote them down, to plan what is not there yet.
///
/// One thing a line; `#` begins a comment:
///
///     device GPU:0 15GB
///     model resnet 4GB load=3 replicas=2
///     model m 400MB count=12
///
/// After a model's name and size come, in any order, `version=N`, `count=N` (so many models, NAME1 to NAMEN), `load=X`,
/// `replicas=N`, `max-replicas=N`, `device=NAME[,NAME...]` (pins), `together=GROUP` and `apart=GROUP`.
public struct PlacementDescription: Sendable, Hashable {
    /// Models and devices that one description may have; replicas count.
    public static let maximumCount = 100_000

    public var devices: [PlacementDevice] = []
    public var demands: [PlacementDemand] = []

    /// - Throws: `INVALID_ARGUMENT` with the number of the line that is not of this form, and what is expected.
    public init(_ text: String) throws(ServingError) {
        var number = 0
        for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            number += 1
            do throws(Problem) {
                try read(line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace))
            } catch {
                throw .invalidArgument("line \(number): \(error.text)")
            }
        }
        if let name = Self.repeated(devices.map(\.name)) { throw .invalidArgument("device \(name) is there twice") }
        if let id = Self.repeated(demands.map(\.id)) {
            throw .invalidArgument("model \(id.name) version \(id.version) is there twice")
        }
    }

    private struct Problem: Error {
        var text: String
        init(_ text: String) { self.text = text }
    }

    private static func repeated<T: Hashable>(_ values: [T]) -> T? {
        var seen: Set<T> = []
        return values.first { !seen.insert($0).inserted }
    }

    private mutating func read(_ words: [Substring]) throws(Problem) {
        guard let kind = words.first else { return }
        switch kind {
        case "device":
            guard words.count == 3 else { throw Problem("expected device NAME SIZE, like device GPU:0 15GB") }
            devices.append(PlacementDevice(name: String(words[1]), budget: try Self.bytes(words[2])))
        case "model":
            guard words.count >= 3 else { throw Problem("expected model NAME SIZE [KEY=VALUE ...]") }
            try readModel(words)
        default: throw Problem("\"\(kind)\" is no kind of line; expected device or model")
        }
        guard devices.count + demands.reduce(0, { $0 + $1.replicas }) <= Self.maximumCount else {
            throw Problem("more than \(Self.maximumCount) devices and replicas")
        }
    }

    private mutating func readModel(_ words: [Substring]) throws(Problem) {
        var demand = PlacementDemand(
            id: ServableID(name: String(words[1]), version: 1),
            bytes: try Self.bytes(words[2])
        )
        var count: Int?
        for word in words[3...] {
            guard let separator = word.firstIndex(of: "=") else {
                throw Problem("\"\(word)\" is no setting; expected KEY=VALUE, like load=3")
            }
            let (key, value) = (word[..<separator], word[word.index(after: separator)...])
            guard !value.isEmpty else { throw Problem("\(key) has no value") }
            if key == "count" { count = try Self.number(key, value) } else { try Self.set(key, value, of: &demand) }
        }
        demand = demand.completed
        guard let count else { return demands.append(demand) }
        for index in 1...count {
            var copy = demand
            copy.id.name += String(index)
            demands.append(copy)
        }
    }

    private static func set(
        _ key: Substring,
        _ value: Substring,
        of demand: inout PlacementDemand
    ) throws(Problem) {
        switch key {
        case "version":
            guard let version = Int64(value), version >= 0 else { throw Problem("version=\(value) is no number") }
            demand.id.version = version
        case "load":
            guard let load = Double(value), load.isFinite, load >= 0 else {
                throw Problem("load=\(value) is no number of 0 or more")
            }
            demand.load = load
        case "replicas": demand.replicas = try number(key, value)
        case "max-replicas": demand.maximumReplicas = try number(key, value)
        case "device": demand.pins = value.split(separator: ",").map(String.init)
        case "together": demand.together = String(value)
        case "apart": demand.apart = String(value)
        default:
            throw Problem(
                "\"\(key)\" is no setting of a model; expected version, count, load, replicas, max-replicas, device, "
                    + "together or apart"
            )
        }
    }

    private static func bytes(_ text: Substring) throws(Problem) -> Int {
        guard let bytes = ByteCount.parse(text) else {
            throw Problem("\"\(text)\" is no size; expected one like 240MB")
        }
        return bytes
    }

    private static func number(_ key: Substring, _ value: Substring) throws(Problem) -> Int {
        guard let number = Int(value), (1...maximumCount).contains(number) else {
            throw Problem("\(key)=\(value) is no number from 1 to \(maximumCount)")
        }
        return number
    }
}
