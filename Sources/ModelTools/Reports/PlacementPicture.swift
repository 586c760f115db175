import Servables
import ServingPrimitives

/// Draws a plan: a column for each device, as high as its budget, filled with its models; below, what has no place.
///
/// One file that needs nothing else, readable on light and on dark.
public struct PlacementPicture {
    private let plan: PlacementPlan
    private let title: String

    /// - Parameter title: above the picture.
    public init(_ plan: PlacementPlan, title: String = "Models on devices") {
        self.plan = plan
        self.title = title
    }

    private static let columnsInRow = 8
    private static let columnWidth = 132.0
    private static let gap = 24.0
    private static let height = 300.0
    private static let margin = 28.0
    private static let titleHeight = 52.0
    private static let rowHeight = height + 76
    private static let refusalsShown = 12

    public var svg: String {
        let columns = max(min(plan.devices.count, Self.columnsInRow), 4)
        let rows = (plan.devices.count + Self.columnsInRow - 1) / Self.columnsInRow
        let width = 2 * Self.margin + Double(columns) * (Self.columnWidth + Self.gap) - Self.gap
        let below = Self.titleHeight + Double(rows) * Self.rowHeight
        let reasons = refusalLines(width: width)
        let height = below + Double(reasons.count) * 18 + (reasons.isEmpty ? 8 : 40)
        var body = ""
        for index in plan.devices.indices { body += column(index) }
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Self.text(width)) \(Self.text(height))" \
            font-family="ui-sans-serif, system-ui, sans-serif" font-size="12">
            <style>
            svg { background: #fff; }
            .page { fill: #fff; } .ink { fill: #1c2733; } .quiet { fill: #5b6875; } .bad { fill: #b3261e; }
            .device { fill: #eef1f4; stroke: #9aa7b4; } .model { stroke: #fff; } .name { fill: #10202e; }
            @media (prefers-color-scheme: dark) {
            svg { background: #14191f; }
            .page { fill: #14191f; } .ink { fill: #e6ebf0; } .quiet { fill: #9dabb8; } .bad { fill: #ff8a80; }
            .device { fill: #222a33; stroke: #566472; } .model { stroke: #14191f; }
            }
            </style>
            <rect class="page" width="100%" height="100%"/>
            <text class="ink" x="\(Self.text(Self.margin))" y="24" font-size="15" font-weight="600">\(Self.escaped(title))</text>
            <text class="quiet" x="\(Self.text(Self.margin))" y="42">\(Self.escaped(plan.summary))</text>
            \(body)\(drawn(reasons, from: below))</svg>

            """
    }

    // MARK: Devices

    private func column(_ index: Int) -> String {
        let total = plan.devices[index]
        let x = Self.margin + Double(index % Self.columnsInRow) * (Self.columnWidth + Self.gap)
        let top = Self.titleHeight + Double(index / Self.columnsInRow) * Self.rowHeight + 30
        let largest = plan.devices.map(\.device.budget).max() ?? 0
        let scale = largest > 0 ? Self.height / Double(largest) : 0
        let height = max(Double(total.device.budget) * scale, 1)
        let floor = top + Self.height
        var result = """
            <g><text class="ink" x="\(Self.text(x))" y="\(Self.text(top - 10))" font-weight="600">\
            \(Self.escaped(Self.cut(total.device.name, 18)))</text>
            <rect class="device" x="\(Self.text(x))" y="\(Self.text(floor - height))" \
            width="\(Self.text(Self.columnWidth))" height="\(Self.text(height))"/>

            """
        var y = floor
        for assignment in plan.assignments where assignment.device == total.device.name {
            let part = Double(assignment.bytes) * scale
            y -= part
            result += block(assignment, x, y, part)
        }
        let load = ByteCount.decimal(total.load, 2)
        return result + """
            <text class="quiet" x="\(Self.text(x))" y="\(Self.text(floor + 16))">\
            \(ByteCount.text(total.bytes)) of \(ByteCount.text(total.device.budget))</text>
            <text class="quiet" x="\(Self.text(x))" y="\(Self.text(floor + 31))">\
            \(total.replicas) model\(total.replicas == 1 ? "" : "s"), load \(load)</text></g>

            """
    }

    private func block(_ assignment: PlacementPlan.Assignment, _ x: Double, _ y: Double, _ height: Double) -> String {
        let label = assignment.replica.label
        let marks =
            (assignment.isPinned ? ", pinned" : "")
            + (assignment.previousDevice.map { ", was on \($0)" } ?? "")
        var result = """
            <rect class="model" x="\(Self.text(x))" y="\(Self.text(y))" width="\(Self.text(Self.columnWidth))" \
            height="\(Self.text(max(height, 0.3)))" fill="\(Self.colour(assignment.replica.id.name))">\
            <title>\(Self.escaped("\(label): \(ByteCount.text(assignment.bytes))\(marks)"))</title></rect>

            """
        guard height >= 13 else { return result }
        let (middle, size) = (y + height / 2 + 4, ByteCount.text(assignment.bytes))
        let sign = assignment.isPinned ? "\u{25CF} " : assignment.previousDevice == nil ? "" : "\u{2192} "
        result += """
            <text class="name" x="\(Self.text(x + 7))" y="\(Self.text(middle))">\
            \(Self.escaped(sign + Self.cut(label, 18 - size.count + (sign.isEmpty ? 2 : 0))))</text>\
            <text class="name" x="\(Self.text(x + Self.columnWidth - 7))" y="\(Self.text(middle))" \
            text-anchor="end" opacity="0.75">\(size)</text>

            """
        return result
    }

    /// The same for the same name; light enough for dark letters.
    private static func colour(_ name: String) -> String {
        // FNV-1a: Swift's own hashes are others in every process.
        let hash = name.utf8.reduce(UInt32(2_166_136_261)) { ($0 ^ UInt32($1)) &* 16_777_619 }
        let hue = (hash ^ (hash >> 15)) % 360
        return "hsl(\(hue) 62% \(72 + (hash >> 20) % 3 * 4)%)"
    }

    // MARK: What has no place

    private func refusalLines(width: Double) -> [String] {
        var told: Set<String> = []
        let reasons = plan.refusals.map(\.reason).filter { told.insert($0).inserted }
        var lines = reasons.prefix(Self.refusalsShown).flatMap { Self.wrapped($0, at: Int((width - 56) / 6.3)) }
        if reasons.count > Self.refusalsShown { lines.append("... and \(reasons.count - Self.refusalsShown) more") }
        return lines
    }

    private func drawn(_ lines: [String], from top: Double) -> String {
        guard !lines.isEmpty else { return "" }
        let x = Self.text(Self.margin)
        var result = "<text class=\"bad\" x=\"\(x)\" y=\"\(Self.text(top + 12))\" font-weight=\"600\">No place</text>\n"
        for (index, line) in lines.enumerated() {
            let y = Self.text(top + 32 + Double(index) * 18)
            result += "<text class=\"ink\" x=\"\(x)\" y=\"\(y)\">\(Self.escaped(line))</text>\n"
        }
        return result
    }

    private static func wrapped(_ text: String, at width: Int) -> [String] {
        var lines = [""]
        for word in text.split(separator: " ") {
            let last = lines[lines.count - 1]
            if last.isEmpty || last.count + word.count + 1 <= width {
                lines[lines.count - 1] = last.isEmpty ? String(word) : "\(last) \(word)"
            } else {
                lines.append("    \(word)")
            }
        }
        return lines
    }

    // MARK: Text

    private static func text(_ value: Double) -> String { ByteCount.decimal(value, 2) }

    private static func cut(_ text: String, _ length: Int) -> String {
        text.count <= length ? text : text.prefix(max(length - 1, 1)) + "\u{2026}"
    }

    /// Letters that XML cannot hold become question marks.
    private static func escaped(_ text: String) -> String { Markup.escaped(text, substitute: "?") }
}
