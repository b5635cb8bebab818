/// Text in columns that are parted by commas, the first line naming them. No quoted fields: none of what is read has any.
struct CommaTable {
    let rows: [Row]
    private let columns: [String: Int]

    struct Row {
        let line: Int
        fileprivate let fields: [Substring]
    }

    /// - Parameter source: what is read, for errors.
    init(_ text: String, needs: [String], source: String) throws(WeirError) {
        var (rows, columns) = ([Row](), [String: Int]())
        for (number, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            if line.isEmpty { continue }
            let fields = line.split(separator: ",", omittingEmptySubsequences: false)
            if columns.isEmpty {
                for (position, name) in fields.enumerated() { columns[String(name)] = position }
            } else {
                rows.append(Row(line: number + 1, fields: fields))
            }
        }
        for name in needs where columns[name] == nil {
            throw .unreadableTrace(source, line: 1, expected: "a column \"\(name)\"")
        }
        self.rows = rows
        self.columns = columns
    }

    func has(_ name: String) -> Bool { columns[name] != nil }

    /// Empty when the line is short or has no such column.
    func text(_ name: String, in row: Row) -> String {
        guard let column = columns[name], column < row.fields.count else { return "" }
        return String(row.fields[column])
    }

    /// A whole number that is not negative; nil when the field is empty.
    func number(_ name: String, in row: Row, of source: String) throws(WeirError) -> Int? {
        let text = text(name, in: row)
        if text.isEmpty { return nil }
        // Some lists write whole numbers as 12.0.
        let whole = text.hasSuffix(".0") ? String(text.dropLast(2)) : text
        guard let number = Int(whole), number >= 0 else {
            throw .unreadableTrace(source, line: row.line, expected: "a whole number in \"\(name)\"")
        }
        return number
    }
}

extension WeirError {
    static func unreadableTrace(_ source: String, line: Int, expected: String) -> WeirError {
        WeirError(
            "unreadable_trace", .invalid, subject: source,
            LocalizedText(
                "\(source), line \(line): \(expected) was expected.", zh: "\(source) 第 \(line) 行：应为 \(expected)。"),
            remedy: LocalizedText(
                "Docs/scheduling.md, \"Simulation\", tells which columns are read.",
                zh: "可读取的列见 Docs/scheduling.md 的 “Simulation” 一节。"))
    }
}
