import GRDB
public import WeirModel

/// Somebody who left a workspace, or whose account was disabled.
public struct DepartureRecord: Hashable, Sendable {
    public let workspace: Identifier<Workspace>
    public let account: Identifier<Account>
    public let leftAt: Timestamp
    /// When what they keep to themselves goes to an owner, unless they are back.
    public let dueAt: Timestamp
    public let handedTo: Identifier<Account>?
    public let handedAt: Timestamp?

    init(_ row: Row) {
        workspace = row["workspace"]
        account = row["account"]
        leftAt = row["left_at"]
        dueAt = row["due_at"]
        handedTo = row["handed_to"]
        handedAt = row["handed_at"]
    }
}

extension Reading {
    /// Those of which the time is over, the longest overdue first.
    public func departuresDue(by now: Timestamp, after cursor: DepartureRecord?, most: Int) throws -> [DepartureRecord] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT * FROM departure WHERE handed_at IS NULL AND due_at <= ? AND (due_at, workspace, account) > (?, ?, ?)
                    ORDER BY due_at, workspace, account LIMIT ?
                    """),
            arguments: [now, cursor?.dueAt ?? Timestamp(milliseconds: 0), cursor?.workspace.text ?? "", cursor?.account.text ?? "", most]
        ).map(DepartureRecord.init)
    }

    /// Who left a workspace, the last first.
    public func departures(from workspace: Identifier<Workspace>, most: Int) throws -> [DepartureRecord] {
        try Row.fetchAll(
            db.cachedStatement(sql: "SELECT * FROM departure WHERE workspace = ? ORDER BY left_at DESC, account LIMIT ?"),
            arguments: [workspace, most]
        ).map(DepartureRecord.init)
    }

    /// Whether somebody is away from a workspace: no member, or with an account that is disabled.
    public func isAway(_ account: Identifier<Account>, from workspace: Identifier<Workspace>) throws -> Bool {
        try Bool.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT NOT EXISTS (SELECT 1 FROM member JOIN account ON account.id = member.account
                    WHERE workspace = ? AND account = ? AND disabled_at IS NULL)
                    """), arguments: [workspace, account]) ?? true
    }

    /// Whom what somebody leaves goes to: the owner who has been a member for the longest time.
    public func heir(of account: Identifier<Account>, in workspace: Identifier<Workspace>) throws -> Identifier<Account>? {
        try Identifier<Account>.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT member.account FROM member JOIN account ON account.id = member.account
                    WHERE workspace = ? AND role = 'owner' AND member.account <> ? AND disabled_at IS NULL
                    ORDER BY since, member.account LIMIT 1
                    """), arguments: [workspace, account])
    }

    /// The person who takes over a workspace whose owners are all away: the administrator, else the member, of longest standing.
    public func successor(of account: Identifier<Account>, in workspace: Identifier<Workspace>) throws -> Identifier<Account>? {
        try Identifier<Account>.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT member.account FROM member JOIN account ON account.id = member.account
                    WHERE workspace = ? AND role <> 'owner' AND member.account <> ? AND disabled_at IS NULL
                    ORDER BY role = 'member', since, member.account LIMIT 1
                    """), arguments: [workspace, account])
    }

    /// What somebody keeps to themselves in a workspace, the largest first.
    public func assetsKept(
        by account: Identifier<Account>, in workspace: Identifier<Workspace>, most: Int
    ) throws -> [(asset: AssetRecord, bytes: Bytes)] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT asset.*, coalesce(storage_unit.bytes, 0) AS bytes FROM asset INDEXED BY asset_keeper
                    LEFT JOIN storage_unit ON storage_unit.unit = 'asset/' || asset.id
                    WHERE asset.workspace = ? AND keeper = ? AND deleted_at IS NULL AND visibility = 'owner'
                    ORDER BY bytes DESC, asset.id LIMIT ?
                    """), arguments: [workspace, account, most]
        ).map { (try AssetRecord($0), $0["bytes"]) }
    }

    /// Environments that wait or run and are to go on: those that somebody started, and their personal ones, whoever started them.
    public func environmentsGoingOn(
        of account: Identifier<Account>, in workspace: Identifier<Workspace>, most: Int
    ) throws -> [WorkloadRecord] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT * FROM workload INDEXED BY workload_state WHERE workspace = :workspace AND deleted_at IS NULL
                    AND state IN ('queued', 'deploying', 'running', 'stopping') AND wanted = 'running' AND kind = 'environment'
                    AND (started_by = :account OR created_by = :account AND spec ->> '$.access' IS NOT 'shared')
                    ORDER BY id LIMIT :most
                    """), arguments: ["workspace": workspace, "account": account, "most": most]
        ).map(WorkloadRecord.init)
    }

    /// The environments that somebody made in a workspace.
    public func environments(by account: Identifier<Account>, in workspace: Identifier<Workspace>, most: Int) throws -> [WorkloadRecord] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT * FROM workload INDEXED BY workload_kind
                    WHERE workspace = ? AND kind = 'environment' AND deleted_at IS NULL AND created_by = ? ORDER BY id LIMIT ?
                    """), arguments: [workspace, account, most]
        ).map(WorkloadRecord.init)
    }
}

extension Writing {
    public func noteDeparture(
        of account: Identifier<Account>, from workspace: Identifier<Workspace>, at now: Timestamp, due: Timestamp
    ) throws {
        try db.execute(
            sql: """
                INSERT INTO departure (workspace, account, left_at, due_at) VALUES (?, ?, ?, ?)
                ON CONFLICT (workspace, account) DO UPDATE SET left_at = excluded.left_at, due_at = excluded.due_at,
                handed_to = NULL, handed_at = NULL
                """, arguments: [workspace, account, now, due])
    }

    /// The person is back: what was not handed over stays theirs.
    public func removeDeparture(of account: Identifier<Account>, from workspace: Identifier<Workspace>) throws {
        try db.execute(sql: "DELETE FROM departure WHERE workspace = ? AND account = ?", arguments: [workspace, account])
    }

    /// The same for all workspaces that an account is a member of.
    public func removeDepartures(of account: Identifier<Account>) throws {
        try db.execute(
            sql: """
                DELETE FROM departure WHERE account = ?
                AND EXISTS (SELECT 1 FROM member WHERE member.workspace = departure.workspace AND member.account = departure.account)
                """, arguments: [account])
    }

    public func setHanded(_ departure: DepartureRecord, to heir: Identifier<Account>, at now: Timestamp) throws {
        try db.execute(
            sql: "UPDATE departure SET handed_to = ?, handed_at = ? WHERE workspace = ? AND account = ?",
            arguments: [heir, now, departure.workspace, departure.account])
    }

    /// Gives an asset that somebody kept to themselves to another keeper, under a name that is free there.
    public func handOver(_ asset: AssetRecord, from login: String, to heir: Identifier<Account>, at now: Timestamp) throws -> AssetRecord {
        var handed = asset
        handed.keeper = heir
        handed.changedAt = now
        let name = try read.nameFor(handed, from: login)
        handed.name = name.text
        try db.execute(
            sql: "UPDATE asset SET keeper = ?, name = ?, name_key = ?, changed_at = ? WHERE id = ?",
            arguments: [heir, name.text, name.key, now, asset.id])
        return handed
    }
}

extension Reading {
    /// `grades`, else `grades (ada)`, `grades (ada 2)` …
    fileprivate func nameFor(_ asset: AssetRecord, from login: String) throws -> Name {
        for number in 1...9999 {
            let mark = number == 1 ? "" : number == 2 ? " (\(login))" : " (\(login) \(number - 1))"
            let stem = String(String.UnicodeScalarView(asset.name.unicodeScalars.prefix(max(1, Name.limit - mark.unicodeScalars.count))))
            let name = try Name(stem + mark)
            let other = try self.asset(named: name, kind: asset.kind, in: asset.workspace, seenBy: asset.keeper)
            if other == nil || other?.id == asset.id { return name }
        }
        throw WeirError.nameTaken(asset.kind.rawValue, asset.name)
    }
}
