import ModelStores
import ServingPrimitives

/// What fuzz-folder-page does with an input: reads it as a web server's listing of a folder, in both forms. No name that is
/// taken may lead anywhere but into the folder.
package enum FolderPageExercise {
    package static func run(_ input: UnsafeRawBufferPointer) {
        if let fault = fault(in: Array(input)) { fatalError(fault) }
    }

    /// `nil` when all is well.
    package static func fault(in bytes: [UInt8]) -> String? {
        for isJSON in [false, true] {
            guard let page = try? FolderPage(bytes, isJSON: isJSON, origin: "http://h", path: "/m/") else { continue }
            for entry in page.entries {
                guard SafePath.isBelow(entry.name), !entry.name.contains("/") else { return "taken: \(entry.name)" }
                if let size = entry.size, size < 0 || entry.isFolder { return "\(entry.name) has \(size) bytes" }
            }
        }
        return nil
    }
}
