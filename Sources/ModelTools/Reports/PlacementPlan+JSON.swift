import Servables
import ServingPrimitives

extension PlacementPlan {
    /// The plan for programs: an object with `devices`, `assignments`, `refusals` and `resting`; sizes in bytes.
    public var json: String { json() }

    /// - Parameter more: further members, with the JSON text of their values.
    public func json(_ more: [(name: String, value: String)] = []) -> String {
        let resting = resting.map { Self.object(Self.fields(of: $0)) }
        let members = more.map { "\n  \(Self.quoted($0.name)): \($0.value)," }.joined()
        let devices = devices.map { total in
            Self.object([
                ("name", Self.quoted(total.device.name)), ("budget", "\(total.device.budget)"),
                ("bytes", "\(total.bytes)"), ("load", Self.number(total.load)), ("replicas", "\(total.replicas)"),
            ])
        }
        let assignments = assignments.map { assignment in
            Self.object(
                Self.fields(of: assignment.replica) + [
                    ("device", Self.quoted(assignment.device)), ("bytes", "\(assignment.bytes)"),
                    ("size", Self.quoted(assignment.size.rawValue)),
                    ("load", Self.number(assignment.load)), ("pinned", "\(assignment.isPinned)"),
                    ("previous_device", assignment.previousDevice.map(Self.quoted) ?? "null"),
                    ("new", "\(assignment.isNew)"),
                ]
            )
        }
        let refusals = refusals.map { refusal in
            Self.object(
                Self.fields(of: refusal.replica) + [
                    ("bytes", "\(refusal.bytes)"), ("size", Self.quoted(refusal.size.rawValue)),
                    ("reason", Self.quoted(refusal.reason)),
                ]
            )
        }
        return """
            {\(members)
              "devices": \(Self.array(devices)),
              "assignments": \(Self.array(assignments)),
              "refusals": \(Self.array(refusals)),
              "resting": \(Self.array(resting))
            }
            """
    }

    private static func fields(of replica: Replica) -> [(String, String)] {
        [
            ("model", quoted(replica.id.name)), ("version", "\(replica.id.version)"),
            ("replica", "\(replica.index)"),
        ]
    }

    private static func object(_ fields: [(String, String)]) -> String {
        "{" + fields.map { "\"\($0.0)\": \($0.1)" }.joined(separator: ", ") + "}"
    }

    private static func array(_ elements: [String]) -> String {
        elements.isEmpty ? "[]" : "[\n    " + elements.joined(separator: ",\n    ") + "\n  ]"
    }

    private static func number(_ value: Double) -> String { value.isFinite ? "\(value)" : "null" }

    private static func quoted(_ text: String) -> String { JSONQuoting.quoted(text) }
}
