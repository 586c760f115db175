import Servables

/// Makes a plan of a board: in the words and the order of the question.
struct PlacementReport {
    private let board: PlacementBoard
    private let problem: PlacementProblem

    init(_ board: PlacementBoard) {
        self.board = board
        problem = board.problem
    }

    var plan: PlacementPlan {
        var plan = PlacementPlan()
        plan.devices = problem.devices.map { PlacementPlan.DeviceTotal(device: $0) }
        for index in board.pieces.indices {
            if let device = board.place[index] {
                for member in board.pieces[index].members { add(member, of: index, on: device, to: &plan) }
            } else if board.pieces[index].isOptional, board.mightFit(index) {
                plan.resting += board.pieces[index].members.map { replica($0, index) }
            } else {
                let reason = reason(index)
                plan.refusals += board.pieces[index].members.map {
                    let demand = problem.demands[$0]
                    return .init(replica: replica($0, index), bytes: demand.bytes, size: demand.size, reason: reason)
                }
            }
        }
        let order = Dictionary(problem.devices.enumerated().map { ($1.name, $0) }) { first, _ in first }
        plan.assignments.sort {
            let (a, b) = (order[$0.device] ?? 0, order[$1.device] ?? 0)
            return a == b ? $0.replica < $1.replica : a < b
        }
        plan.refusals.sort { $0.replica < $1.replica }
        plan.resting.sort()
        return plan
    }

    private func replica(_ member: Int, _ piece: Int) -> PlacementPlan.Replica {
        .init(id: problem.demands[member].id, index: board.pieces[piece].replica)
    }

    private func add(_ member: Int, of index: Int, on device: Int, to plan: inout PlacementPlan) {
        let (demand, piece) = (problem.demands[member], board.pieces[index])
        let before = problem.previousDevice(of: member, piece.replica)
        // Versions that belong together share the load of their piece by their own loads.
        let whole = piece.members.reduce(0) { $0 + problem.demands[$1].load }
        let load = piece.members.count == 1 || whole == 0 ? piece.load : piece.load * demand.load / whole
        plan.assignments.append(
            .init(
                replica: replica(member, index),
                device: problem.devices[device].name,
                bytes: demand.bytes,
                load: load,
                size: demand.size,
                isPinned: piece.pin != nil,
                previousDevice: before.flatMap { $0 == device ? nil : problem.devices[$0].name }
            )
        )
        plan.devices[device].bytes += demand.bytes
        plan.devices[device].load += load
        plan.devices[device].replicas += 1
    }

    // MARK: Why something has no place

    private func reason(_ index: Int) -> String {
        let piece = board.pieces[index]
        let subject = subject(piece)
        let need = "\(subject) \(piece.members.count == 1 ? "needs" : "need") \(ByteCount.text(piece.bytes))"
        switch piece.pin {
        case .unknown(let name):
            return "\(subject) is pinned to \(name), and there is no such device: there \(deviceList)"
        case .contradiction(let one, let other):
            return "\(subject) go to one device, and are pinned to \(one) and to \(other)"
        case .forbidden(let group):
            return
                "\(subject) go to one device, and two of them must stay apart from each other as members of \"\(group)\""
        case .device(let device):
            return "\(need) on \(problem.devices[device].name), to which it is pinned: "
                + (board.mayShare(index, device) ? state(device) : "something that it must stay apart from is there")
        case nil: return freeReason(piece, index, need)
        }
    }

    private func freeReason(_ piece: PlacementProblem.Piece, _ index: Int, _ need: String) -> String {
        let budgets = problem.devices.map(\.budget)
        guard let largest = budgets.indices.max(by: { (budgets[$0], $1) < (budgets[$1], $0) }) else {
            return "\(need), and there is no device"
        }
        if piece.bytes > problem.devices[largest].budget {
            return "\(need), and the largest device, \(problem.devices[largest].name), has "
                + "\(ByteCount.text(problem.devices[largest].budget)) in all"
        }
        let open = problem.devices.indices.filter { board.mayShare(index, $0) }
        guard let best = open.max(by: { (board.free[$0], $1) < (board.free[$1], $0) }) else {
            return "\(need) on a device of its own, apart from its other replicas and from what it must stay apart "
                + "from, and none of the \(problem.devices.count) devices is free of these"
        }
        let all = board.free.reduce(0) { $0.addingSaturating(max($1, 0)) }
        return "\(need), and no device has so much left: the most is on \(problem.devices[best].name), "
            + "where \(state(best)); on all \(problem.devices.count) devices together \(ByteCount.text(all)) are free"
    }

    private func state(_ device: Int) -> String {
        "\(ByteCount.text(max(board.free[device], 0))) of \(ByteCount.text(problem.devices[device].budget)) are free"
    }

    private func subject(_ piece: PlacementProblem.Piece) -> String {
        let names = piece.members.map { "\(problem.demands[$0].id.name) version \(problem.demands[$0].id.version)" }
        let replica = piece.replica > 0 ? "replica \(piece.replica + 1) of " : ""
        if names.count == 1 { return "\(replica)\(names[0])" }
        let shown = names.prefix(4).joined(separator: ", ")
        return "\(replica)\(names.count) versions that belong together (\(shown)\(names.count > 4 ? ", ..." : ""))"
    }

    private var deviceList: String {
        switch problem.devices.count {
        case 0: "is none"
        case 1: "is \(problem.devices[0].name)"
        default:
            "are \(problem.devices.prefix(8).map(\.name).joined(separator: ", "))"
                + (problem.devices.count > 8 ? " and \(problem.devices.count - 8) more" : "")
        }
    }
}
