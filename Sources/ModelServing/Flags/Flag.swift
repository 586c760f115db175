/// One command-line flag in the manner of TensorFlow's own parser (`tensorflow/core/util/command_line_flags.cc`), which
/// is not gflags: only `--name=value`, and a bool may stand alone.
struct Flag<Target> {
    enum Kind {
        case bool(WritableKeyPath<Target, Bool>)
        case int32(WritableKeyPath<Target, Int32>)
        case int64(WritableKeyPath<Target, Int64>)
        case float(WritableKeyPath<Target, Float>)
        case string(WritableKeyPath<Target, String>)
    }

    var name: String
    var kind: Kind
    var help: String

    init(_ name: String, _ kind: Kind, _ help: String) {
        self.name = name
        self.kind = kind
        self.help = help
    }

    /// What an argument is to this flag.
    enum Match: Equatable {
        /// Another flag's.
        case other
        case taken
        case malformed(String)
    }

    /// Takes `argument` into `target` when it is this flag's.
    func match(_ argument: String, _ target: inout Target) -> Match {
        guard argument.hasPrefix("--\(name)") else { return .other }
        let rest = String(argument.dropFirst(name.count + 2))
        if case .bool(let path) = kind { return matchBool(rest, &target[keyPath: path]) }
        // `--port` without a value, or a longer name that starts like this one.
        guard rest.first == "=" else { return .other }
        let text = String(rest.dropFirst())
        switch kind {
        case .bool: return .other
        case .int32(let path): return store(FlagNumber.integer(text), text, &target[keyPath: path])
        case .int64(let path): return store(FlagNumber.integer(text), text, &target[keyPath: path])
        case .float(let path): return store(FlagNumber.float(text), text, &target[keyPath: path])
        case .string(let path): return store(text, text, &target[keyPath: path])
        }
    }

    /// Whatever begins with a bool's name is that bool's, even a longer name: TensorFlow's parser has it so.
    private func matchBool(_ rest: String, _ value: inout Bool) -> Match {
        switch rest {
        case "", "=true": value = true
        case "=false": value = false
        default: return refuse(rest)
        }
        return .taken
    }

    private func store<Value>(_ value: Value?, _ text: String, _ target: inout Value) -> Match {
        guard let value else { return refuse(text) }
        target = value
        return .taken
    }

    private func refuse(_ text: String) -> Match { .malformed("Couldn't interpret value \(text) for flag \(name).") }

    /// The flag's line of the usage text.
    func usage(default defaults: Target) -> String {
        let (value, type) =
            switch kind {
            case .bool(let path): ("\(defaults[keyPath: path])", "bool")
            case .int32(let path): ("\(defaults[keyPath: path])", "int32")
            case .int64(let path): ("\(defaults[keyPath: path])", "int64")
            case .float(let path): (FlagNumber.sixDecimals(defaults[keyPath: path]), "float")
            case .string(let path): ("\"\(defaults[keyPath: path])\"", "string")
            }
        let left = "--\(name)=\(value)"
        let padding = String(repeating: " ", count: max(0, 33 - left.count))
        return "\t\(left)\(padding)\t\(type)\t\(help)\n"
    }
}
