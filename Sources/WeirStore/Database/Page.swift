import GRDB

/// A part of a list: the rows after `cursor`, and where the next part begins.
public struct PageRequest: Hashable, Sendable {
    public static let most = 200
    public let limit: Int
    /// The `next` of the part before.
    public let after: String?
    public let order: ListOrder

    public init(limit: Int = 50, after: String? = nil, order: ListOrder = .newest) {
        self.limit = min(max(limit, 1), Self.most)
        self.after = after
        self.order = order
    }

    /// Sorts after every identifier, so that the first part needs no query of its own.
    var bound: String { after ?? "~" }
}

/// In which order a list comes that can come in several.
public enum ListOrder: String, Hashable, CaseIterable, Sendable {
    case newest, oldest, name
    /// What was changed last comes first.
    case changed
    /// Of workloads: what is stopped soonest comes first, by its timer or for being idle; what is not, is left out.
    case ending
}

/// The order of a list of things with identifiers, as SQL: the condition for what comes after the part before, and the order itself.
///
/// Identifiers sort by the time of making. What several rows may have in common goes together with the identifier, so that each row has
/// a place of its own; then a cursor is the row's value and its identifier with a bar between them.
struct KeysetOrder {
    let condition: String
    let arguments: StatementArguments
    let terms: String
    private let columns: [String]

    /// - Parameters:
    ///   - table: with a dot, where the names of the columns alone are not clear.
    ///   - name: the column with the name in which case does not matter.
    init(_ page: PageRequest, table: String = "", name: String) {
        let id = table + "id"
        switch page.order {
        case .newest: (condition, arguments, terms, columns) = ("\(id) < ?", [page.bound], "\(id) DESC", [])
        case .oldest: (condition, arguments, terms, columns) = ("\(id) > ?", [page.after ?? ""], id, [])
        case .name:
            let place = Self.place(page.after)
            condition = "(\(table)\(name), \(id)) > (?, ?)"
            (arguments, terms, columns) = ([place?.value ?? "", place?.id ?? ""], "\(table)\(name), \(id)", [name])
        case .changed:
            let place = Self.place(page.after)
            condition = "(\(table)changed_at, \(id)) < (?, ?)"
            arguments = [place.flatMap { Int64($0.value) } ?? .max, place?.id ?? "~"]
            (terms, columns) = ("\(table)changed_at DESC, \(id) DESC", ["changed_at"])
        case .ending:
            let place = Self.place(page.after)
            let end = "min(coalesce(\(table)stop_at, \(Int64.max)), coalesce(\(table)idle_stop_at, \(Int64.max)))"
            condition = "coalesce(\(table)stop_at, \(table)idle_stop_at) IS NOT NULL AND (\(end), \(id)) > (?, ?)"
            arguments = [place.flatMap { Int64($0.value) } ?? 0, place?.id ?? ""]
            (terms, columns) = ("\(end), \(id)", ["stop_at", "idle_stop_at"])
        }
    }

    func cursor(_ row: Row) -> String {
        let id: String = row["id"]
        let values = columns.map { row[$0] as DatabaseValue }
        if let number = values.compactMap({ Int64.fromDatabaseValue($0) }).min() { return "\(number)|\(id)" }
        return values.first.flatMap { String.fromDatabaseValue($0) }.map { "\($0)|\(id)" } ?? id
    }

    private static func place(_ cursor: String?) -> (value: String, id: String)? {
        guard let cursor, let bar = cursor.lastIndex(of: "|") else { return nil }
        return (String(cursor[..<bar]), String(cursor[cursor.index(after: bar)...]))
    }
}

public struct Page<Element: Sendable>: Sendable {
    public let items: [Element]
    public let next: String?

    public init(items: [Element], next: String?) {
        self.items = items
        self.next = next
    }

    /// Takes one row more than asked for to see whether there is a next part.
    init(rows: [Element], request: PageRequest, key: (Element) -> String) {
        items = Array(rows.prefix(request.limit))
        next = rows.count > request.limit ? items.last.map(key) : nil
    }

    /// The same of what a statement gives, read row by row.
    init(
        of statement: Statement, arguments: StatementArguments, request: PageRequest, in order: KeysetOrder,
        _ element: (Row) throws -> Element
    ) throws {
        var (count, last) = (0, "")
        let rows = try Row.each(of: statement, arguments: arguments) { row in
            count += 1
            if count == request.limit { last = order.cursor(row) }
            return try element(row)
        }
        items = Array(rows.prefix(request.limit))
        next = rows.count > request.limit ? last : nil
    }

    /// The same of rows that are read after that.
    init(rows: [Row], request: PageRequest, in order: KeysetOrder, _ element: (Row) throws -> Element) rethrows {
        items = try rows.prefix(request.limit).map(element)
        next = rows.count > request.limit ? order.cursor(rows[request.limit - 1]) : nil
    }

    public func map<Other>(_ transform: (Element) throws -> Other) rethrows -> Page<Other> {
        Page<Other>(items: try items.map(transform), next: next)
    }
}
