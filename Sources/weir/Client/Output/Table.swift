/// Rows under headings, each column as wide as its widest cell.
struct Table: Sendable {
    struct Column: Sendable {
        let title: String
        let isNumber: Bool

        static func text(_ title: String) -> Column { Column(title: title, isNumber: false) }
        static func number(_ title: String) -> Column { Column(title: title, isNumber: true) }
    }

    let columns: [Column]
    var rows: [[String]] = []

    init(_ columns: Column...) { self.columns = columns }

    /// One line a row, the headings first. Cells that are missing are empty.
    var text: String {
        let cells = [columns.map(\.title)] + rows.map { $0.map(\.withoutControls) }
        let widths = columns.indices.map { column in
            cells.map { column < $0.count ? $0[column].displayWidth : 0 }.max() ?? 0
        }
        return cells.map { row in
            columns.indices.map { column in
                (column < row.count ? row[column] : "").padded(to: widths[column], atStart: columns[column].isNumber)
            }.joined(separator: "  ").trimmingSuffix(while: { $0 == " " })
        }.joined(separator: "\n")
    }

    /// Names and values, one pair a line, values aligned; empty values are left out.
    static func pairs(_ pairs: [(name: String, value: String?)]) -> String {
        let shown = pairs.compactMap { pair in pair.value.flatMap { $0.isEmpty ? nil : (pair.name, $0) } }
        let width = shown.map { $0.0.displayWidth }.max() ?? 0
        return shown.map { name, value in
            let lines = value.split(separator: "\n", omittingEmptySubsequences: false).map(\.withoutControls)
            let indent = String(repeating: " ", count: width + 2)
            return name.padded(to: width) + "  " + lines.joined(separator: "\n" + indent)
        }.joined(separator: "\n")
    }
}

extension String {
    fileprivate func trimmingSuffix(while predicate: (Character) -> Bool) -> String {
        var text = self[...]
        while let last = text.last, predicate(last) { text.removeLast() }
        return String(text)
    }
}
