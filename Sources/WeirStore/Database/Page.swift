/// A part of a list: the rows after `cursor`, newest first, and where the next part begins.
public struct PageRequest: Hashable, Sendable {
    public static let most = 200
    public let limit: Int
    /// The identifier of the last row of the part before.
    public let after: String?

    public init(limit: Int = 50, after: String? = nil) {
        self.limit = min(max(limit, 1), Self.most)
        self.after = after
    }

    /// Sorts after every identifier, so that the first part needs no query of its own.
    var bound: String { after ?? "~" }
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

    public func map<Other>(_ transform: (Element) throws -> Other) rethrows -> Page<Other> {
        Page<Other>(items: try items.map(transform), next: next)
    }
}
