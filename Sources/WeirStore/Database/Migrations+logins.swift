extension Migrations {
    /// Where people have logged in from to the console and the API, so that who guesses elsewhere does not keep them out.
    static let logins = """
        CREATE TABLE login_source (
            account TEXT NOT NULL REFERENCES account, source TEXT NOT NULL, seen_at INTEGER NOT NULL, PRIMARY KEY (account, source)
        ) STRICT, WITHOUT ROWID;
        """
}
