import ServingConfig
import ServingPrimitives

extension ServedModels {
    /// Less the models that no server could serve, whatever is there: in place of such a one stays what was served before
    /// under its name.
    public func checked(previous: ServedModels) -> ServedModels {
        let before = Dictionary(previous.models.map { ($0.name, $0) }) { first, _ in first }
        var checked = self
        checked.models = []
        for model in models {
            guard let problem = ServerConfiguration.Model.problems(of: [model]).first else {
                checked.models.append(model)
                continue
            }
            let old = before[model.name]
            if let old { checked.models.append(old) }
            checked.warnings.append("\(model.name): \(problem.message)" + (old == nil ? "" : "; it stays as it was"))
        }
        let names = Set(checked.models.map(\.name))
        checked.aliases = checked.aliases.filter { names.contains($0.value) }
        return checked
    }
}
