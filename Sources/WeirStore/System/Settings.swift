import GRDB
public import WeirModel

extension Reading {
    /// A value that the installation keeps for itself: its name, its signing key.
    public func setting(_ key: String) throws -> String? {
        try String.fetchOne(db.cachedStatement(sql: "SELECT value FROM setting WHERE key = ?"), arguments: [key])
    }

    /// A moment that a loop remembers; nil before the first.
    public func moment(_ key: String) throws -> Timestamp? {
        try setting(key).flatMap { Int64($0) }.map { Timestamp(milliseconds: $0) }
    }

    public func flavors() throws -> [Flavor] {
        try Row.fetchAll(db.cachedStatement(sql: "SELECT document FROM flavor WHERE retired_at IS NULL ORDER BY position, name"))
            .map { try $0.json("document") }
    }

    public func flavor(_ name: String) throws -> Flavor? {
        try Row.fetchOne(
            db.cachedStatement(sql: "SELECT document FROM flavor WHERE name = ? AND retired_at IS NULL"), arguments: [name]
        ).map { try $0.json("document") }
    }
}

extension Writing {
    public func setSetting(_ key: String, to value: String) throws {
        try db.execute(
            sql: "INSERT INTO setting (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            arguments: [key, value])
    }

    public func setMoment(_ key: String, to moment: Timestamp) throws {
        try setSetting(key, to: String(moment.milliseconds))
    }

    /// Makes these the flavors that can be chosen; others are retired, and what runs under them goes on.
    public func setFlavors(_ flavors: [Flavor], at now: Timestamp) throws {
        try db.execute(sql: "UPDATE flavor SET retired_at = ? WHERE retired_at IS NULL", arguments: [now])
        for (position, flavor) in flavors.enumerated() {
            try db.execute(
                sql: """
                    INSERT INTO flavor (name, position, document) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE
                    SET position = excluded.position, document = excluded.document, retired_at = NULL
                    """, arguments: [flavor.name, position, try jsonText(flavor)])
        }
    }
}
