import GRDB
public import WeirModel

/// How failures at the console's and the API's door are counted: apart from those over SSH, whose door another may have locked.
public enum ConsoleDoor {
    public static func subject(_ name: String) -> String { "console " + name }
}

extension Reading {
    /// Whether the account has logged in from there in the last while.
    public func isKnown(_ source: SSHSource, to account: Identifier<Account>) throws -> Bool {
        try Bool.fetchOne(
            db.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM login_source WHERE account = ? AND source = ?)"),
            arguments: [account, source.text]) ?? false
    }
}

extension Writing {
    /// Sources of an account that are remembered.
    private static let mostSources = 32

    public func setKnown(_ source: SSHSource, to account: Identifier<Account>, at now: Timestamp) throws {
        try db.execute(
            sql: "INSERT OR REPLACE INTO login_source (account, source, seen_at) VALUES (?, ?, ?)", arguments: [account, source.text, now])
        try db.execute(
            sql: """
                DELETE FROM login_source WHERE account = ? AND source NOT IN
                (SELECT source FROM login_source WHERE account = ? ORDER BY seen_at DESC, source LIMIT ?)
                """, arguments: [account, account, Self.mostSources])
    }
}
