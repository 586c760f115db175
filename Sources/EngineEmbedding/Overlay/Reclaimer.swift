/// What the writer took out of sight, until no reader can see it any more.
struct Reclaimer {
    /// Since the wait began: they wait for the next one.
    private var rows: [UInt32] = []
    private var owners: [ViewOwner] = []
    private var leaving: (wait: ReaderGate.Wait, rows: [UInt32], owners: [ViewOwner])?

    /// Rows that wait.
    var waitingRows: Int { rows.count + (leaving?.rows.count ?? 0) }

    mutating func retire(row: UInt32) { rows.append(row) }

    mutating func retire(_ owner: ViewOwner) { owners.append(owner) }

    /// Goes on as far as readers allow, without waiting for them.
    ///
    /// - Returns: rows that may be written again. Views are let go.
    mutating func advance(_ gate: ReaderGate) -> [UInt32] {
        var freed: [UInt32] = []
        if var current = leaving {
            leaving = nil
            guard current.wait.isOver(at: gate) else {
                leaving = current
                return []
            }
            freed = current.rows
        }
        if !rows.isEmpty || !owners.isEmpty {
            leaving = (gate.startWaiting(), rows, owners)
            rows = []
            owners = []
        }
        return freed
    }
}
