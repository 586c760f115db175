/// A file of the console that is the same for everyone.
public struct ConsoleFile: Sendable {
    public enum Kind: Sendable {
        case script
        case style
        case image
    }

    public var kind: Kind
    public var bytes: [UInt8]

    /// The file of that name under `/console/`; `nil` when there is none.
    public static func named(_ name: String) -> ConsoleFile? {
        switch name {
        case "console.js": ConsoleFile(kind: .script, bytes: PackageResources.console_js)
        case "console.css": ConsoleFile(kind: .style, bytes: PackageResources.console_css)
        case "icon.svg": ConsoleFile(kind: .image, bytes: PackageResources.icon_svg)
        default: nil
        }
    }
}
