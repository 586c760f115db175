/// Why the data of a record is no entry.
package struct EntryFault: Error, Hashable {
    package let reason: String

    static let malformed = EntryFault(reason: "its data is no EntryDump message: a field is malformed or cut off")
    static let noID = EntryFault(reason: "the entry has no id")
    static let noValues = EntryFault(reason: "the entry has no values")

    static func wrongType(_ field: String) -> EntryFault {
        EntryFault(reason: "its data is no EntryDump message: the field \(field) is of another type")
    }
}
