import ServingPrimitives

/// Stores that know only keys, with slashes in them.
extension StoreListing {
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
protocol StoredObject {
    var key: String { get }

    func file(named name: String) -> StoredFile
}
