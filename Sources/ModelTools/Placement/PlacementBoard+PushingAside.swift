/// Making room by moving what has a place already.
extension PlacementBoard {
    /// A way to make room on a device.
    private struct Push {
        var device: Int
        var moves: [(piece: Int, to: Int)]
        /// Bytes that are moved from where they were in the previous plan, and bytes that are moved at all.
        var cost: (Int, Int)
    }

    /// Places what has no place by moving others, in their order.
    mutating func pushAside(for homeless: [Int]) {
        for piece in homeless where place[piece] == nil {
            guard let push = cheapestPush(for: piece) else { continue }
            // Two pieces may change places, so all leave before any arrives.
            for move in push.moves { take(move.piece) }
            for move in push.moves { put(move.piece, move.to) }
            put(piece, push.device)
        }
    }

    private mutating func cheapestPush(for piece: Int) -> Push? {
        let room = free.reduce(0) { $0.addingSaturating(max($1, 0)) }
        guard room >= pieces[piece].bytes else { return nil }
        var best: Push?
        func consider(_ push: Push?) {
            if let push, best.map({ push.cost < $0.cost }) ?? true { best = push }
        }
        for device in free.indices where mayShare(piece, device) && effort > 0 {
            guard pieces[piece].bytes <= problem.devices[device].budget else { continue }
            let need = pieces[piece].bytes - free[device]
            effort -= content[device].count
            let movable = content[device].filter { pieces[$0].pin == nil }.sorted {
                (pieces[$0].bytes, $0) < (pieces[$1].bytes, $1)
            }
            let single = oneMove(from: device, movable, need)
            consider(single)
            if single == nil {
                consider(exchange(on: device, movable, need, beside: piece))
                consider(severalMoves(from: device, movable, need))
            }
        }
        return best
    }

    private func cost(_ pieces: [Int]) -> (Int, Int) {
        (
            pieces.reduce(0) { $0.addingSaturating(movingCost($1)) },
            pieces.reduce(0) { $0.addingSaturating(self.pieces[$1].bytes) }
        )
    }

    /// The piece that costs least to move and is large enough.
    private mutating func oneMove(from device: Int, _ movable: [Int], _ need: Int) -> Push? {
        var best: Push?
        for piece in movable where pieces[piece].bytes >= need {
            let cost = cost([piece])
            if let best, best.cost <= cost { continue }
            effort -= free.count
            guard let target = free.indices.first(where: { $0 != device && fits(piece, $0) }) else { continue }
            best = Push(device: device, moves: [(piece, target)], cost: cost)
        }
        return best
    }

    /// A larger piece of this device for a smaller one of another.
    private mutating func exchange(on device: Int, _ movable: [Int], _ need: Int, beside newcomer: Int) -> Push? {
        var best: Push?
        for piece in movable where pieces[piece].bytes > need {
            for other in free.indices where other != device && mayShare(piece, other) {
                effort -= content[other].count
                guard effort > 0 else { return best }
                // In order: a set has another one each time.
                for partner in content[other].sorted() where pieces[partner].pin == nil {
                    let (mine, theirs) = (pieces[piece].bytes, pieces[partner].bytes)
                    guard mine - theirs >= need, mine - theirs <= free[other], mayShare(partner, device),
                        !pieces[partner].keys.contains(where: { pieces[newcomer].keys.contains($0) })
                    else { continue }
                    let cost = cost([piece, partner])
                    if best.map({ cost < $0.cost }) ?? true {
                        best = Push(device: device, moves: [(piece, other), (partner, device)], cost: cost)
                    }
                }
            }
        }
        return best
    }

    /// The largest pieces that find a place elsewhere, until there is room.
    private mutating func severalMoves(from device: Int, _ movable: [Int], _ need: Int) -> Push? {
        var trial = self
        effort -= pieces.count
        var missing = need
        var moves: [(piece: Int, to: Int)] = []
        for piece in movable.reversed() where missing > 0 {
            effort -= free.count
            guard effort > 0 else { return nil }
            let targets = free.indices.filter { $0 != device && trial.fits(piece, $0) }
            guard let target = targets.min(by: { trial.free[$0] < trial.free[$1] }) else { continue }
            trial.move(piece, target)
            moves.append((piece, target))
            missing -= pieces[piece].bytes
        }
        guard missing <= 0, !moves.isEmpty else { return nil }
        return Push(device: device, moves: moves, cost: cost(moves.map(\.piece)))
    }
}
