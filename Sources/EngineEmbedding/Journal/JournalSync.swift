/// When pushes go from the system's memory to the disk. What a server has answered survives its own end in any case; this is
/// about the end of the machine.
public enum JournalSync: String, Sendable, Hashable, CaseIterable {
    /// Before a push is answered; pushes that wait at the same time share it.
    case always
    /// Once a second.
    case second
    /// When the system likes.
    case never
}
