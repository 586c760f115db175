import EngineInterface

extension RemotePrediction {
    /// Whether the entry does not say of which model it asks a part.
    var isNameless: Bool { model.isEmpty || model.hasPrefix(":") }

    /// What a server may call the model: `<model>:ps_<i>`, then as agents of the first version did, `ps_<i>` and `ps:<i>`.
    var names: [String] {
        var names: [String] = []
        func add(_ name: String) { if !name.isEmpty, !names.contains(name) { names.append(name) } }
        if model.hasPrefix(":") {
            // An entry without a name, whose shards have none either.
            add(String(model.dropFirst()))
        } else {
            add(model)
        }
        add(oldModel)
        if let underscore = oldModel.firstIndex(of: "_") {
            add(oldModel.replacingCharacters(at: underscore, with: ":"))
        }
        return names
    }
}

extension String {
    fileprivate func replacingCharacters(at index: Index, with text: String) -> String {
        self[..<index] + text + self[self.index(after: index)...]
    }
}
