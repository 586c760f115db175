/// Pieces on devices while a plan is made. After each step no device has more than its budget.
struct PlacementBoard {
    let problem: PlacementProblem
    /// Those of the problem, then the replicas that were added.
    private(set) var pieces: [PlacementProblem.Piece]
    /// The device of each piece.
    private(set) var place: [Int?]
    private(set) var free: [Int]
    private(set) var load: [Double]
    /// Pieces on each device.
    private(set) var content: [Set<Int>]
    private var keys: [Set<Int>]
    /// Looks at a piece and a device that pushing aside may still take: what bounds the planner's time.
    var effort = 3_000_000

    init(_ problem: PlacementProblem) {
        self.problem = problem
        pieces = problem.pieces
        place = Array(repeating: nil, count: problem.pieces.count)
        free = problem.devices.map { max($0.budget, 0) }
        load = Array(repeating: 0, count: free.count)
        content = Array(repeating: [], count: free.count)
        keys = content
    }

    // MARK: Questions

    func fits(_ piece: Int, _ device: Int) -> Bool {
        pieces[piece].bytes <= free[device] && mayShare(piece, device)
    }

    /// Whether nothing on the device must stay apart from the piece.
    func mayShare(_ piece: Int, _ device: Int) -> Bool { !pieces[piece].keys.contains { keys[device].contains($0) } }

    func hasHomeless(_ pieces: [Int]) -> Bool { pieces.contains { place[$0] == nil } }

    /// Bytes of a piece that leaves the device where it was before.
    func movingCost(_ piece: Int) -> Int {
        pieces[piece].previous != nil && pieces[piece].previous == place[piece] ? pieces[piece].bytes : 0
    }

    /// The smaller the better: pieces without a place, their bytes, and the bytes that move.
    func outcome(_ wanted: [Int]) -> (Int, Int, Int) {
        let homeless = wanted.filter { place[$0] == nil }
        let moved = pieces.indices.filter { pieces[$0].previous != nil && place[$0] != pieces[$0].previous }
        return (
            homeless.count,
            homeless.reduce(0) { $0.addingSaturating(pieces[$1].bytes) },
            moved.reduce(0) { $0.addingSaturating(pieces[$1].bytes) }
        )
    }

    // MARK: Steps

    mutating func put(_ piece: Int, _ device: Int) {
        place[piece] = device
        free[device] -= pieces[piece].bytes
        load[device] += pieces[piece].load
        content[device].insert(piece)
        keys[device].formUnion(pieces[piece].keys)
    }

    mutating func take(_ piece: Int) {
        guard let device = place[piece] else { return }
        place[piece] = nil
        free[device] += pieces[piece].bytes
        load[device] -= pieces[piece].load
        content[device].remove(piece)
        keys[device].subtract(pieces[piece].keys)
    }

    mutating func move(_ piece: Int, _ device: Int) {
        take(piece)
        put(piece, device)
    }

    /// What is pinned goes where it is pinned to: what is there already first, then the largest, while it fits.
    mutating func placePinned() {
        let pinned = pieces.indices.compactMap { index -> (piece: Int, device: Int)? in
            guard case .device(let device)? = pieces[index].pin, !pieces[index].isOptional else { return nil }
            return (index, device)
        }
        let order = pinned.sorted { a, b in
            let (staysA, staysB) = (pieces[a.piece].previous == a.device, pieces[b.piece].previous == b.device)
            if staysA != staysB { return staysA }
            return (pieces[b.piece].bytes, a.piece) < (pieces[a.piece].bytes, b.piece)
        }
        for (piece, device) in order where fits(piece, device) { put(piece, device) }
    }

    /// What was on a device stays there. Where that is no longer possible, so little as can be leaves.
    mutating func keepPrevious() {
        for piece in problem.movable {
            if let device = pieces[piece].previous, mayShare(piece, device) { put(piece, device) }
        }
        for device in free.indices where free[device] < 0 { shed(device) }
    }

    /// Takes pieces from a device that has too much: the smallest one that is enough, else the largest and again.
    private mutating func shed(_ device: Int) {
        while free[device] < 0 {
            let candidates = content[device].filter { pieces[$0].pin == nil }
            let enough = candidates.filter { pieces[$0].bytes >= -free[device] }
            let choice =
                enough.min { (pieces[$0].bytes, $0) < (pieces[$1].bytes, $1) }
                ?? candidates.max { (pieces[$0].bytes, $0) < (pieces[$1].bytes, $1) }
            // Pinned pieces were only put where they fit, so there are others while there is too much.
            guard let choice else { return }
            take(choice)
        }
    }

    /// Places pieces so that load and memory stay even.
    mutating func spread(_ homeless: [Int]) {
        for piece in homeless {
            if let device = mostEven(for: piece) { put(piece, device) }
        }
        pushAside(for: homeless)
    }

    /// Places pieces as tightly as possible, the largest first.
    mutating func pack(_ homeless: [Int]) {
        let order = homeless.sorted { (pieces[$1].bytes, $0) < (pieces[$0].bytes, $1) }
        for piece in order {
            let device = free.indices.filter { fits(piece, $0) }.min { (free[$0], $0) < (free[$1], $1) }
            if let device { put(piece, device) }
        }
        pushAside(for: order)
    }

    /// The device on which the larger of two is least afterwards: how full it is, and its load as a multiple of a fair
    /// share. So load decides while there is memory enough.
    func mostEven(for piece: Int) -> Int? {
        var best: (device: Int, score: Double, sum: Double)?
        for device in free.indices where fits(piece, device) {
            let (memory, load) = shares(device, with: piece)
            let (score, sum) = (max(memory, load), memory + load)
            if best.map({ (score, sum) < ($0.score, $0.sum) }) ?? true { best = (device, score, sum) }
        }
        return best?.device
    }

    private func shares(_ device: Int, with piece: Int) -> (memory: Double, load: Double) {
        let budget = Double(problem.devices[device].budget)
        let used = budget - Double(free[device]) + Double(pieces[piece].bytes)
        return (
            budget > 0 ? used / budget : 0,
            problem.fairLoad > 0 ? (load[device] + pieces[piece].load) / problem.fairLoad : 0
        )
    }

    /// What nothing moves for takes what is left, in the order of the question.
    mutating func placeOptional(within limit: Int) {
        var left = limit
        for piece in pieces.indices where place[piece] != nil { left -= pieces[piece].bytes }
        for piece in pieces.indices where pieces[piece].isOptional && pieces[piece].bytes <= left {
            switch pieces[piece].pin {
            case nil: if let device = mostEven(for: piece) { put(piece, device) }
            case .device(let device): if fits(piece, device) { put(piece, device) }
            case .unknown, .contradiction, .forbidden: break
            }
            if place[piece] != nil { left -= pieces[piece].bytes }
        }
    }

    /// Whether the piece would have a place if nothing else had one.
    func mightFit(_ piece: Int) -> Bool {
        switch pieces[piece].pin {
        case nil: problem.devices.contains { pieces[piece].bytes <= $0.budget }
        case .device(let device): pieces[piece].bytes <= problem.devices[device].budget
        case .unknown, .contradiction, .forbidden: false
        }
    }

    // MARK: Replicas of hot models

    /// Gives versions that may have more replicas one more again and again, the one with the most load for each replica
    /// first, while that is more than a device's fair share and a device has memory left.
    mutating func addReplicasOfHotModels() {
        var candidates = problem.units.indices.filter { unit in
            // Versions that belong together stay as they are.
            problem.units[unit].count == 1 && problem.demands[problem.units[unit][0]].maximumReplicas > 1
        }
        guard !candidates.isEmpty else { return }
        var replicas = Dictionary(grouping: pieces.indices) { pieces[$0].unit }
        while let unit = hottest(candidates, replicas) {
            if let added = addReplica(of: unit, to: replicas[unit] ?? []) {
                replicas[unit, default: []].append(added)
            } else {
                candidates.removeAll { $0 == unit }
            }
        }
    }

    private func hottest(_ units: [Int], _ replicas: [Int: [Int]]) -> Int? {
        func hottestLoad(_ unit: Int) -> Double { replicas[unit]?.first.map { pieces[$0].load } ?? 0 }
        return units.filter { unit in
            let count = replicas[unit]?.count ?? 0
            return hottestLoad(unit) > problem.fairLoad
                && count < problem.demands[problem.units[unit][0]].maximumReplicas
                && replicas[unit]?.allSatisfy { place[$0] != nil } ?? false
        }.max { (hottestLoad($0), $1) < (hottestLoad($1), $0) }
    }

    private mutating func addReplica(of unit: Int, to present: [Int]) -> Int? {
        let demand = problem.units[unit][0]
        guard var piece = present.first.map({ pieces[$0] }) else { return nil }
        piece.replica = present.count
        piece.pin = nil
        piece.load = problem.demands[demand].load / Double(present.count + 1)
        piece.previous = problem.previousDevice(of: demand, piece.replica)
        pieces.append(piece)
        place.append(nil)
        let added = pieces.count - 1
        let stays = piece.previous.flatMap { fits(added, $0) ? $0 : nil }
        guard let device = stays ?? mostEven(for: added) else {
            pieces.removeLast()
            place.removeLast()
            return nil
        }
        for other in present {
            if let device = place[other] { load[device] += piece.load - pieces[other].load }
            pieces[other].load = piece.load
        }
        put(added, device)
        return added
    }
}
