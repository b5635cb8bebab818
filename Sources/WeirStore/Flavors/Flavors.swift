import GRDB
public import WeirModel

/// A flavor with where it stands.
public struct FlavorRecord: Hashable, Sendable {
    public let flavor: Flavor
    /// Of the list, from 0.
    public let position: Int
    /// When it was taken from the list; what runs under it goes on.
    public let retiredAt: Timestamp?
    /// Whether the configuration names it.
    public let isFromFile: Bool

    init(_ row: Row) throws {
        flavor = try row.json("document")
        position = row["position"]
        retiredAt = row["retired_at"]
        isFromFile = row["file_document"] != nil
    }
}

extension Reading {
    /// Those that can be chosen, in their order.
    public func flavors() throws -> [Flavor] {
        try Row.fetchAll(db.cachedStatement(sql: "SELECT document FROM flavor WHERE retired_at IS NULL ORDER BY position, name"))
            .map { try $0.json("document") }
    }

    public func flavor(_ name: String) throws -> Flavor? {
        try Row.fetchOne(
            db.cachedStatement(sql: "SELECT document FROM flavor WHERE name = ? AND retired_at IS NULL"), arguments: [name]
        ).map { try $0.json("document") }
    }

    /// All there ever were, retired ones last. At most 5000.
    public func flavorRecords() throws -> [FlavorRecord] {
        try Row.fetchAll(
            db.cachedStatement(sql: "SELECT * FROM flavor ORDER BY retired_at IS NOT NULL, position, name LIMIT 5000")
        ).map(FlavorRecord.init)
    }

    public func flavorRecord(_ name: String) throws -> FlavorRecord? {
        try Row.fetchOne(db.cachedStatement(sql: "SELECT * FROM flavor WHERE name = ?"), arguments: [name]).map(FlavorRecord.init)
    }
}

extension Writing {
    /// Takes the configuration's list: a flavor is changed when the file says something new of it, so that what the operator has changed
    /// since holds until then. What the file names no more is retired; what people made stays. The order is the file's when its names or
    /// their order are new.
    public func setFlavors(fromFile flavors: [Flavor], at now: Timestamp) throws {
        let rows = try Row.fetchAll(db, sql: "SELECT * FROM flavor")
        var said: [String: Flavor] = [:]
        var known: [String: FlavorRecord] = [:]
        for row in rows {
            let record = try FlavorRecord(row)
            known[record.flavor.name] = record
            if let flavor: Flavor = try row.jsonOrNil("file_document") { said[record.flavor.name] = flavor }
        }
        let names = flavors.map(\.name)
        let isNewOrder = try read.setting("flavors.file") != jsonText(names)
        if isNewOrder {
            try db.execute(sql: "UPDATE flavor SET position = position + ?", arguments: [flavors.count])
            try setSetting("flavors.file", to: jsonText(names))
        }
        for (position, flavor) in flavors.enumerated() {
            if said[flavor.name] != flavor || known[flavor.name] == nil {
                try write(
                    flavor, at: known[flavor.name]?.position ?? position, before: known[flavor.name], by: nil, now)
            }
            try db.execute(
                sql: "UPDATE flavor SET file_document = ? WHERE name = ?", arguments: [try jsonText(flavor), flavor.name])
            if isNewOrder {
                try db.execute(sql: "UPDATE flavor SET position = ? WHERE name = ?", arguments: [position, flavor.name])
            }
        }
        for name in said.keys where !names.contains(name) {
            try db.execute(sql: "UPDATE flavor SET file_document = NULL WHERE name = ?", arguments: [name])
            if known[name]?.retiredAt == nil { try setFlavor(name, isRetired: true, by: nil, at: now) }
        }
    }

    /// Adds a flavor behind the others, or changes one where it stands. What runs has a copy of its own.
    public func save(_ flavor: Flavor, by account: Identifier<Account>, at now: Timestamp) throws {
        let before = try read.flavorRecord(flavor.name)
        let last = try Int.fetchOne(db, sql: "SELECT coalesce(max(position), -1) FROM flavor") ?? -1
        try write(flavor, at: before?.position ?? last + 1, before: before, by: account, now)
    }

    private func write(
        _ flavor: Flavor, at position: Int, before: FlavorRecord?, by account: Identifier<Account>?, _ now: Timestamp
    ) throws {
        let text = try jsonText(flavor)
        try db.execute(
            sql: """
                INSERT INTO flavor (name, position, document) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE
                SET position = excluded.position, document = excluded.document, retired_at = NULL
                """, arguments: [flavor.name, position, text])
        guard before?.flavor != flavor || before?.retiredAt != nil else { return }
        let earlier = try before.flatMap { try $0.retiredAt == nil ? jsonText($0.flavor) : nil }
        try record(
            RuleChange(workspace: nil, subject: "flavor/\(flavor.name)", before: earlier, after: text, actor: account, at: now))
    }

    /// Takes a flavor from the list, or puts it back.
    public func setFlavor(_ name: String, isRetired: Bool, by account: Identifier<Account>?, at now: Timestamp) throws {
        guard let before = try read.flavorRecord(name), (before.retiredAt != nil) != isRetired else { return }
        try db.execute(
            sql: "UPDATE flavor SET retired_at = ? WHERE name = ?", arguments: [isRetired ? now : nil, name])
        let text = try jsonText(before.flavor)
        try record(
            RuleChange(
                workspace: nil, subject: "flavor/\(name)", before: isRetired ? text : nil, after: isRetired ? nil : text,
                actor: account, at: now))
    }

    /// The first of the list are these, in this order; the others follow as they were.
    public func orderFlavors(_ names: [String]) throws {
        let others = try read.flavorRecords().map(\.flavor.name).filter { !names.contains($0) }
        for (position, name) in (names + others).enumerated() {
            try db.execute(sql: "UPDATE flavor SET position = ? WHERE name = ?", arguments: [position, name])
        }
    }
}
