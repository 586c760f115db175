import Cluster
import RemoteRouting
import ServingPrimitives

/// What fuzz-routes-table does with an input, and the tests with its corpus.
///
/// A table that can be read has to come back when it is written line by line.
package enum RoutesTableExercise {
    package static func run(_ input: UnsafeRawBufferPointer) {
        if let fault = fault(in: Array(input)) { fatalError(fault) }
    }

    /// `nil` when all is well.
    package static func fault(in bytes: [UInt8]) -> String? {
        do throws(ServingError) {
            let table = try RoutesTable(text: bytes)
            let lines = table.replicas.map { name, addresses in
                "route \(name) " + addresses.map(\.description).joined(separator: " ")
            }
            let again = try RoutesTable(text: Array(lines.joined(separator: "\n").utf8))
            return again == table ? nil : "\(table) comes back as \(again)"
        } catch {
            let isExpected = error.code == .invalidArgument || error.code == .resourceExhausted
            return isExpected ? nil : "another error: \(error)"
        }
    }
}
