import GRDB
public import WeirModel

extension Reading {
    /// The SSH policy of a workspace (SSH-01, DEV-13).
    public func sshPolicy(of workspace: Identifier<Workspace>) throws -> SSHPolicy {
        try Row.fetchOne(db.cachedStatement(sql: "SELECT document FROM ssh_policy WHERE workspace = ?"), arguments: [workspace])
            .map { try $0.json("document") } ?? .standard
    }
}

extension Writing {
    public func setSSHPolicy(
        _ policy: SSHPolicy, of workspace: Identifier<Workspace>, by account: Identifier<Account>, at now: Timestamp
    ) throws {
        try db.execute(
            sql: """
                INSERT INTO ssh_policy (workspace, document, changed_by, changed_at) VALUES (?, ?, ?, ?) ON CONFLICT (workspace)
                DO UPDATE SET document = excluded.document, changed_by = excluded.changed_by, changed_at = excluded.changed_at
                """, arguments: [workspace, try jsonText(policy), account, now])
    }
}
