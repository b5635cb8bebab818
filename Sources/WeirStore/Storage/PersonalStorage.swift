import GRDB
public import WeirModel

/// A home and a netdisk that no workspace pays for: their person has left, and has no other one.
public struct UnpaidStorageRecord: Hashable, Sendable {
    public let account: Identifier<Account>
    /// The one that paid last.
    public let workspace: Identifier<Workspace>
    public let since: Timestamp
    public let deletableAt: Timestamp
    /// As it was measured last.
    public let bytes: Bytes

    init(_ row: Row) {
        account = row["account"]
        workspace = row["workspace"]
        since = row["since"]
        deletableAt = row["deletable_at"]
        bytes = row["bytes"]
    }
}

/// Who pays for somebody's home and netdisk, and who will from the next day on.
public struct StoragePayer: Hashable, Sendable {
    /// Nil before they are used for the first time.
    public let payer: Identifier<Workspace>?
    public let held: Bytes
    /// What the person chose; nil for the workspace in which they were used first.
    public let chosen: Identifier<Workspace>?
    public let chosenAt: Timestamp?
}

extension Reading {
    /// People whose netdisk was never counted, each with the open workspace that they joined first.
    public func peopleWithoutNetdisk() throws -> [(Identifier<Account>, Identifier<Workspace>)] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT account, workspace FROM (
                    SELECT member.account, member.workspace,
                        row_number() OVER (PARTITION BY member.account ORDER BY member.since, member.workspace) AS place
                    FROM member JOIN workspace ON workspace.id = member.workspace
                    WHERE workspace.closing_due IS NULL AND workspace.closed_at IS NULL
                    AND NOT EXISTS (SELECT 1 FROM storage_unit WHERE storage_unit.unit = 'netdisk/' || member.account)
                ) WHERE place = 1 ORDER BY account
                """
        ).map { ($0["account"], $0["workspace"]) }
    }

    /// The bytes of each person whose home and netdisk a workspace pays for; of one person, when one is named.
    public func personalStorage(
        paidBy workspace: Identifier<Workspace>, of account: Identifier<Account>? = nil, most: Int
    ) throws -> [(Identifier<Account>, Bytes)] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT account, bytes FROM storage_held
                    WHERE workspace = ?1 AND account <> '' AND (?2 IS NULL OR account = ?2) AND bytes > 0 ORDER BY bytes DESC LIMIT ?3
                    """), arguments: [workspace, account, most]
        ).map { ($0["account"], $0["bytes"]) }
    }

    public func storagePayer(of account: Identifier<Account>) throws -> StoragePayer {
        let paid = try Row.fetchOne(
            db.cachedStatement(
                sql:
                    "SELECT workspace, (SELECT sum(bytes) FROM storage_unit WHERE unit IN (?1, ?2)) AS bytes FROM storage_unit WHERE unit = ?1"
            ),
            arguments: [StorageUnit.home(account).description, StorageUnit.netdisk(account).description])
        let choice = try Row.fetchOne(
            db.cachedStatement(sql: "SELECT workspace, chosen_at FROM storage_payer WHERE account = ?"), arguments: [account])
        return StoragePayer(
            payer: paid?["workspace"], held: paid?["bytes"] ?? 0, chosen: choice?["workspace"], chosenAt: choice?["chosen_at"])
    }

    /// The workspace that pays for somebody's home and netdisk when `workspace` does so no longer: the one that the person chose, else
    /// the first that they joined.
    public func nextPayer(of account: Identifier<Account>, after workspace: Identifier<Workspace>) throws -> Identifier<Workspace>? {
        try Identifier<Workspace>.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT member.workspace FROM member JOIN account ON account.id = member.account
                    JOIN workspace ON workspace.id = member.workspace
                    LEFT JOIN storage_payer ON storage_payer.account = member.account
                    WHERE member.account = ? AND member.workspace <> ? AND disabled_at IS NULL AND closing_due IS NULL
                    ORDER BY coalesce(storage_payer.workspace = member.workspace, 0) DESC, since, member.workspace LIMIT 1
                    """), arguments: [account, workspace])
    }

    /// The people whose homes and netdisks a workspace pays for.
    public func peoplePaid(by workspace: Identifier<Workspace>, most: Int) throws -> [Identifier<Account>] {
        try Identifier<Account>.fetchAll(
            db.cachedStatement(sql: "SELECT DISTINCT account FROM storage_unit WHERE workspace = ? AND account <> '' LIMIT ?"),
            arguments: [workspace, most])
    }

    /// Those whose choice of a payer has not taken effect.
    public func payersChosen(before moment: Timestamp, most: Int) throws -> [(
        account: Identifier<Account>, workspace: Identifier<Workspace>
    )] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT storage_payer.account, storage_payer.workspace FROM storage_payer
                    JOIN storage_unit ON storage_unit.unit = 'home/' || storage_payer.account
                    JOIN workspace ON workspace.id = storage_payer.workspace
                    JOIN member ON member.workspace = storage_payer.workspace AND member.account = storage_payer.account
                    WHERE chosen_at < ? AND storage_unit.workspace <> storage_payer.workspace AND closing_due IS NULL LIMIT ?
                    """), arguments: [moment, most]
        ).map { ($0["account"], $0["workspace"]) }
    }

    public func unpaidStorage(_ page: PageRequest) throws -> Page<UnpaidStorageRecord> {
        let rows = try Row.fetchAll(
            db.cachedStatement(sql: "SELECT * FROM unpaid_storage WHERE account > ? ORDER BY account LIMIT ?"),
            arguments: [page.after ?? "", page.limit + 1])
        return Page(rows: rows.map(UnpaidStorageRecord.init), request: page) { $0.account.text }
    }

    public func unpaidStorage(of account: Identifier<Account>) throws -> UnpaidStorageRecord? {
        try Row.fetchOne(db.cachedStatement(sql: "SELECT * FROM unpaid_storage WHERE account = ?"), arguments: [account])
            .map(UnpaidStorageRecord.init)
    }
}

extension Writing {
    /// A person's home and netdisk are about to be used in a workspace. They are paid for by the workspace that the person chose, else by
    /// that in which they were used first; when the person has left that one, by this one.
    public func openPersonalStorage(of account: Identifier<Account>, in workspace: Identifier<Workspace>) throws {
        for unit in [StorageUnit.home(account), .netdisk(account)] {
            try db.cachedStatement(
                sql: """
                    INSERT INTO storage_unit (unit, workspace, account, kind) VALUES (?1, coalesce((
                        SELECT storage_payer.workspace FROM storage_payer JOIN member
                        ON member.workspace = storage_payer.workspace AND member.account = storage_payer.account
                        JOIN workspace ON workspace.id = storage_payer.workspace
                        WHERE storage_payer.account = ?3 AND closing_due IS NULL), ?2), ?3, ?4)
                    ON CONFLICT (unit) DO UPDATE SET changes = changes + 1
                    """
            ).execute(arguments: [unit.description, workspace, account, StorageKind.netdisk.rawValue])
        }
        try removeUnpaidStorage(of: account)
        let hasLeft = try Bool.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT EXISTS (SELECT 1 FROM storage_unit WHERE unit = ? AND workspace <> ? AND NOT EXISTS
                    (SELECT 1 FROM member WHERE member.workspace = storage_unit.workspace AND member.account = ?))
                    """), arguments: [StorageUnit.home(account).description, workspace, account])
        if hasLeft == true { try movePersonalStorage(of: account, to: workspace) }
    }

    public func setStoragePayer(of account: Identifier<Account>, to workspace: Identifier<Workspace>, at now: Timestamp) throws {
        try db.execute(
            sql: """
                INSERT INTO storage_payer (account, workspace, chosen_at) VALUES (?, ?, ?)
                ON CONFLICT (account) DO UPDATE SET workspace = excluded.workspace, chosen_at = excluded.chosen_at
                """, arguments: [account, workspace, now])
    }

    /// Another workspace pays for somebody's home and netdisk from now on.
    public func movePersonalStorage(of account: Identifier<Account>, to workspace: Identifier<Workspace>) throws {
        for unit in [StorageUnit.home(account), .netdisk(account)] {
            guard
                let row = try Row.fetchOne(
                    db.cachedStatement(sql: "SELECT workspace, bytes FROM storage_unit WHERE unit = ? AND workspace <> ?"),
                    arguments: [unit.description, workspace])
            else { continue }
            let bytes: Bytes = row["bytes"]
            try db.execute(sql: "UPDATE storage_unit SET workspace = ? WHERE unit = ?", arguments: [workspace, unit.description])
            try addHeld(0 - bytes, row["workspace"], account.text, StorageKind.netdisk.rawValue)
            try addHeld(bytes, workspace, account.text, StorageKind.netdisk.rawValue)
        }
    }

    /// A workspace pays for somebody's home and netdisk no longer. When no other one does, they are nobody's until they are used again.
    public func endPersonalStorage(
        of account: Identifier<Account>, paidBy workspace: Identifier<Workspace>, at now: Timestamp, deletableAt: Timestamp
    ) throws {
        let paid = try read.storagePayer(of: account)
        guard paid.payer == workspace else { return }
        if let next = try read.nextPayer(of: account, after: workspace) { return try movePersonalStorage(of: account, to: next) }
        try removeStorageUnit(.home(account))
        try removeStorageUnit(.netdisk(account))
        try db.execute(
            sql: """
                INSERT INTO unpaid_storage (account, workspace, since, deletable_at, bytes) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT (account) DO UPDATE SET workspace = excluded.workspace, since = excluded.since,
                deletable_at = excluded.deletable_at, bytes = excluded.bytes
                """, arguments: [account, workspace, now, deletableAt, paid.held])
    }

    public func removeUnpaidStorage(of account: Identifier<Account>) throws {
        try db.execute(sql: "DELETE FROM unpaid_storage WHERE account = ?", arguments: [account])
    }
}
