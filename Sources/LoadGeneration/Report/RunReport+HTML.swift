import ServingPrimitives

extension RunReport {
    /// A page that needs nothing else: figures, the table, errors, the machine. Readable in light and dark.
    public var html: String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8"/>
        <meta name="viewport" content="width=device-width, initial-scale=1"/>
        <title>\(Markup.escaped(heading))</title>
        <style>
        \(Self.style)
        </style>
        </head>
        <body>
        <main>
        <h1>\(Markup.escaped(heading))</h1>
        <p class="machine">\(Markup.escaped(machine.text))</p>
        \(targetList)
        \(foundParagraphs)
        <section class="figures">
        \(plots.map(\.html).joined())</section>
        <h2>Numbers</h2>
        \(htmlTable)
        \(errorTable)
        <h2>How this was measured</h2>
        <p><code>\(Markup.escaped(command))</code></p>
        \(notes.map { "<p>\(Markup.escaped($0))</p>" }.joined(separator: "\n"))
        </main>
        </body>
        </html>

        """
    }

    private var heading: String {
        let names = targets.map(\.name)
        guard names.count > 1, let last = names.last else { return "\(targets.first?.text ?? "Nothing") under load" }
        return names.dropLast().joined(separator: ", ") + " and \(last) under load"
    }

    private var targetList: String {
        let items = targets.enumerated().map { index, target in
            "<li class=\"line c\(index % 8)\"><i></i><b>\(Markup.escaped(target.name))</b> \(Markup.escaped(target.text))</li>"
        }
        return "<ul class=\"targets\">\(items.joined())</ul>"
    }

    private var foundParagraphs: String {
        (foundLines + burstLines).filter { !$0.isEmpty }
            .map { "<p class=\"found\">\(Markup.escaped($0))</p>" }.joined(separator: "\n")
    }

    private var htmlTable: String {
        let head = header.map { "<th>\(Markup.escaped($0))</th>" }.joined()
        let rows = results.map { result in
            "<tr>" + row(result).map { "<td>\(Markup.escaped($0))</td>" }.joined() + "</tr>"
        }
        return "<div class=\"wide\"><table><thead><tr>\(head)</tr></thead><tbody>\n\(rows.joined(separator: "\n"))"
            + "\n</tbody></table></div>"
    }

    private var errorTable: String {
        let rows = results.flatMap { result in
            result.tally.outcomes.sorted { $0.value > $1.value }.map { outcome, count in
                let cells = [
                    targets[result.target].name, result.level.label, TextTable.grouped(count), outcome.label,
                    Self.firstLine(result.tally.messages[outcome] ?? ""),
                ]
                return "<tr>" + cells.map { "<td>\(Markup.escaped($0))</td>" }.joined() + "</tr>"
            }
        }
        guard !rows.isEmpty else { return "<p>No errors.</p>" }
        return "<h2>Errors</h2><div class=\"wide\"><table class=\"errors\"><thead><tr><th>target</th><th>load</th>"
            + "<th>count</th><th>error</th><th>first message</th></tr></thead><tbody>\n\(rows.joined(separator: "\n"))"
            + "\n</tbody></table></div>"
    }

    private var notes: [String] {
        var notes = targets.map { "\($0.name): \($0.process)" }
        if targets.count > 1 {
            notes.append("Targets took turns of \(TextTable.time(plan.slice)) at most, so that all met the same noise.")
        }
        if hasOpenLoop { notes.append("Latencies count from the time a request was meant to be sent. \(lateness)") }
        notes.append(
            "CPU is for each request, of the server's processes and of the load generator. Latencies are those "
                + "of good answers, from a histogram of three significant digits."
        )
        if isInterrupted { notes.append("The run was interrupted: its last row is of a part of its time.") }
        return notes
    }

    private static let style = """
        :root { color-scheme: light dark; --text: #1d2129; --soft: #5c6470; --back: #fbfbfc; --card: #ffffff;
          --grid: #e6e8ec; --edge: #d9dce2; --c0: #2f63d6; --c1: #d9541e; --c2: #1f9d63; --c3: #9a4fd0; --c4: #b8860b;
          --c5: #0f94a8; --c6: #d23a7a; --c7: #6b6f76; }
        @media (prefers-color-scheme: dark) { :root { --text: #e7e9ee; --soft: #9ca4b2; --back: #14171c; --card: #1c2027;
          --grid: #2b313a; --edge: #343b46; --c0: #7aa5ff; --c1: #ff8d5c; --c2: #5fd39b; --c3: #c79bf2; --c4: #e5be53;
          --c5: #5fd0e0; --c6: #ff86b5; --c7: #a7adb8; } }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--back); color: var(--text);
          font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
        main { max-width: 1240px; margin: 0 auto; padding: 28px 24px 56px; }
        h1 { font-size: 26px; line-height: 1.25; margin: 0 0 4px; letter-spacing: -0.01em; }
        h2 { font-size: 18px; margin: 34px 0 10px; }
        p { margin: 6px 0; }
        .machine, .targets { color: var(--soft); }
        .targets { list-style: none; padding: 0; margin: 12px 0; }
        .targets b { color: var(--text); margin-right: 6px; }
        .found { font-size: 17px; font-weight: 600; margin: 12px 0; }
        .figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 480px), 1fr)); gap: 18px;
          margin-top: 18px; }
        figure { margin: 0; padding: 14px 16px 8px; background: var(--card); border: 1px solid var(--edge);
          border-radius: 10px; }
        figcaption { font-weight: 600; }
        svg { display: block; width: 100%; height: auto; margin-top: 4px; }
        .legend { margin: 2px 0 0; font-size: 13px; color: var(--soft); }
        .legend span { margin-right: 14px; white-space: nowrap; }
        i { display: inline-block; width: 18px; height: 0; border-top: 3px solid var(--c); margin-right: 6px;
          vertical-align: middle; }
        .dashed > i { border-top-style: dashed; }
        .reference > i { border-top: 1px solid var(--soft); }
        .bars > i { height: 10px; border-top-width: 10px; width: 10px; }
        .grid { stroke: var(--grid); stroke-width: 1; }
        .tick { fill: var(--soft); font-size: 12px; }
        .name { fill: var(--soft); font-size: 12.5px; }
        .end { text-anchor: end; }
        .middle { text-anchor: middle; }
        .line path { fill: none; stroke: var(--c); stroke-width: 2.2; stroke-linejoin: round; }
        .dashed path { stroke-dasharray: 6 4; stroke-width: 1.8; }
        .reference path { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 2 3; }
        .line circle { fill: var(--c); stroke: var(--card); stroke-width: 1.2; }
        .bars rect { fill: var(--c); }
        .c0 { --c: var(--c0); } .c1 { --c: var(--c1); } .c2 { --c: var(--c2); } .c3 { --c: var(--c3); }
        .c4 { --c: var(--c4); } .c5 { --c: var(--c5); } .c6 { --c: var(--c6); } .c7 { --c: var(--c7); }
        .wide { overflow-x: auto; border: 1px solid var(--edge); border-radius: 10px; background: var(--card); }
        table { border-collapse: collapse; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums; }
        th, td { padding: 7px 12px; text-align: right; white-space: nowrap; }
        th { color: var(--soft); font-weight: 600; border-bottom: 1px solid var(--edge); }
        tbody tr + tr td { border-top: 1px solid var(--grid); }
        th:nth-child(-n+2), td:nth-child(-n+2) { text-align: left; }
        .errors th:nth-child(n+4), .errors td:nth-child(n+4) { text-align: left; white-space: normal; }
        code { font: 13px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
        """
}
