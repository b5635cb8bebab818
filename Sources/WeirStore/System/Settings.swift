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
}
