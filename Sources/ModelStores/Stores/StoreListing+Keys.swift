package import ServingPrimitives

/// Stores that know only keys, with slashes in them.
extension StoreListing {
    private static let maximumPages = 1_000

    /// Asks for page after page of the keys that begin so.
    ///
    /// - Parameters:
    ///   - delimiter: what ends the names of folders; `nil` for all that is below.
    ///   - bucket: what error texts call it.
    ///   - continuation: the parameter that names the next page.
    /// - Throws: `RESOURCE_EXHAUSTED` for more than any repository has, `NOT_FOUND` where no key begins so; as `page`.
    package init(
        prefix: String,
        delimiter: String?,
        of bucket: String,
        query: [String: String],
        continuation: String,
        page: ([String: String]) throws(ServingError) -> some StoredPage
    ) throws(ServingError) {
        self.init()
        var query = query
        query["prefix"] = prefix
        query["delimiter"] = delimiter
        for _ in 0..<Self.maximumPages {
            let page = try page(query)
            for folder in page.prefixes { addFolder(folder, below: prefix) }
            for object in page.objects { add(object, below: prefix) }
            guard count <= Self.maximumCount else {
                throw ServingError(
                    .resourceExhausted,
                    "\(bucket)/\(prefix) has more than \(Self.maximumCount) objects; expected the folders of versions"
                )
            }
            guard let next = page.continuation else { break }
            query[continuation] = next
        }
        // A prefix is nothing by itself: without objects below it, it is not there.
        guard count > 0 || !refused.isEmpty else { throw .notFound("\(bucket)/\(prefix): no object begins so") }
    }

    /// Takes over the beginning of keys that stands for a folder, with the slash at its end.
    mutating func addFolder(_ prefix: String, below folder: String) {
        guard prefix.hasPrefix(folder), prefix.hasSuffix("/") else { return refuse(prefix) }
        let name = String(prefix.dropFirst(folder.count).dropLast())
        guard SafePath.isBelow(name), !name.contains("/") else { return refuse(prefix) }
        folders.insert(name)
    }

    /// Takes over an object. Objects that end in a slash stand for empty folders, as some programs make them.
    mutating func add(_ object: some StoredObject, below folder: String) {
        guard object.key.hasPrefix(folder), object.key != folder, !object.key.hasSuffix("/") else { return }
        let name = String(object.key.dropFirst(folder.count))
        guard SafePath.isBelow(name) else { return refuse(object.key) }
        files[name] = object.file(named: name)
    }
}

/// An object as a page of a listing has it.
package protocol StoredObject {
    var key: String { get }

    func file(named name: String) -> StoredFile
}

/// A page of a listing.
package protocol StoredPage {
    associatedtype Object: StoredObject

    var objects: [Object] { get }
    /// Beginnings of keys up to the next slash, with it.
    var prefixes: [String] { get }
    /// Where the next page begins; `nil` on the last one.
    var continuation: String? { get set }
}
