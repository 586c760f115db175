import AccessControl
import EventLoopSupport
import ServingPrimitives

/// What the ports of a server differ in, and what they share.
struct PortSettings {
    /// Whether the connections are those of the control port.
    var isControlPort = false
    var allowsControl = false
    var access = PortAccess()
    var connectionLimit: ConnectionLimit?
    var memoryBudget: MemoryBudget?
}
