import GRDB
import TestSupport
import Testing
import WeirModel

@testable import WeirStore

/// Each step from the version before it, with data in it.
@Suite("Migrations")
struct MigrationTests {
    private let identifiers = RandomIdentifiers()
    private let now = Timestamp(milliseconds: 1_770_000_000_000)

    /// A database as an older Weir left it, with a workspace and an asset.
    private func older(upTo step: String) throws -> (queue: DatabaseQueue, asset: Identifier<Asset>) {
        let asset = identifiers.next(Asset.self, at: now)
        let queue = try DatabaseQueue()
        try Migrations.all.migrate(queue, upTo: step)
        try queue.write { db in
            try db.execute(
                sql: """
                    INSERT INTO workspace (id, name, name_key, created_at) VALUES ('w', 'w', 'w', 0);
                    INSERT INTO asset (id, workspace, kind, name, name_key, description, tags, visibility, zone, created_by, created_at,
                    changed_at) VALUES ('\(asset)', 'w', 'dataset', 'd', 'd', '', '[]', 'workspace', 'z', 'a', 0, 0);
                    """)
        }
        return (queue, asset)
    }

    /// A workload in a project of the workspace.
    private func insertWorkload(
        _ id: Identifier<Workload>, _ kind: WorkloadKind, by maker: String = "a", wanted: String = "running", state: String = "running",
        run: Int = 1, into queue: DatabaseQueue
    ) throws {
        try queue.write { db in
            try db.execute(
                sql: """
                    INSERT INTO project (id, workspace, name, name_key, description, tags, created_by, created_at, changed_at)
                    VALUES ('p', 'w', 'p', 'p', '', '[]', 'a', 0, 0) ON CONFLICT DO NOTHING;
                    INSERT INTO workload (id, kind, workspace, project, name, name_key, description, created_by, created_at, spec, secret,
                    wanted, state, state_since, run) VALUES ('\(id)', '\(kind.rawValue)', 'w', 'p', 'j', 'j', '', '\(maker)', 0, '{}', 's',
                    '\(wanted)', '\(state)', 0, \(run));
                    """)
        }
    }

    @Test("9 uploads: what was being uploaded goes on, into the draft that it was for")
    func uploads() throws {
        let (queue, asset) = try older(upTo: "8 idle")
        let (upload, account) = (identifiers.next(Upload.self, at: now), identifiers.next(Account.self, at: now))
        try queue.write { db in
            try db.execute(
                sql: "INSERT INTO upload (id, asset, account, path, length, created_at) VALUES (?, ?, ?, 'a/b.bin', 4711, ?)",
                arguments: [upload, asset, account, now])
        }
        try Migrations.all.migrate(queue)
        let project = identifiers.next(Project.self, at: now)
        try queue.write { db in
            let seen = try Row.fetchAll(db, sql: "SELECT * FROM upload").map(UploadRecord.init)
            #expect(
                seen == [
                    UploadRecord(id: upload, unit: .asset(asset), account: account, path: "a/b.bin", length: 4711, createdAt: now)
                ])
            try db.execute(
                sql: "INSERT INTO upload (id, unit, account, path, length, created_at) VALUES (?, ?, ?, 'x', 1, 0)",
                arguments: [identifiers.next(Upload.self, at: now), StorageUnit.code(project).description, account])
            #expect(try !db.tableExists("upload_before"))
            let plan = try Self.plan(db, "SELECT * FROM upload WHERE unit = ? ORDER BY id LIMIT 1000", ["x"])
            #expect(plan.contains("upload_unit") && !plan.contains("TEMP B-TREE"), "\(plan)")
        }
    }

    @Test("10 history: the runs of a month are read in the order in which they began to wait, and nothing is sorted")
    func history() throws {
        let (queue, _) = try older(upTo: "9 uploads")
        try queue.write { db in
            let plan = try Self.plan(db, Self.month, [0, 9])
            #expect(!plan.contains("run_queued"), "\(plan)")
        }
        try Migrations.all.migrate(queue)
        try queue.write { db in
            let plan = try Self.plan(db, Self.month, [0, 9])
            #expect(plan.contains("USING INDEX run_queued") || plan.contains("COVERING INDEX run_queued"), "\(plan)")
            #expect(plan.contains("queued_at>?"), "\(plan)")
            let whole = try Self.plan(db, Reading.queuedRunsQuery, [0, 9, 0, "", 0, 500])
            #expect(whole.contains("run_queued") && whole.contains("queued_at>?") && !whole.contains("TEMP B-TREE"), "\(whole)")
        }
    }

    @Test("11 names: what an older Weir was deleting holds its name no more (X17)")
    func names() throws {
        let (queue, _) = try older(upTo: "10 history")
        let (first, second) = (identifiers.next(Workload.self, at: now), identifiers.next(Workload.self, at: now))
        func insert(_ id: Identifier<Workload>, wanted: String) throws {
            try insertWorkload(id, .service, wanted: wanted, state: "stopping", into: queue)
        }
        try insert(first, wanted: "deleted")
        #expect(throws: DatabaseError.self) { try insert(second, wanted: "running") }
        try Migrations.all.migrate(queue)
        try insert(second, wanted: "running")
        #expect(throws: DatabaseError.self) { try insert(identifiers.next(Workload.self, at: now), wanted: "stopped") }
    }

    @Test("13 starts: an entry from before is read as it was, without a start, and its hash stays right (BIL-27)")
    func starts() throws {
        let (queue, _) = try older(upTo: "12 audit")
        let (workspace, workload) = (identifiers.next(Workspace.self, at: now), identifiers.next(Workload.self, at: now))
        let posting = Posting(
            workspace: workspace, kind: .charge, counter: .revenue, amount: Points(micro: -7), key: "run/\(workload)/1/0/0",
            month: BillMonth(year: 2026, month: 2), run: RunIdentity(workload: workload, number: 1),
            minutes: ChargedMinutes(start: nil, before: 0, after: 60, corrections: 0, end: nil))
        let entry = LedgerEntry(sequence: 1, at: now, posting: posting, hash: PreparedPosting(posting).hash(after: .none, at: now))
        try queue.write { db in
            try db.execute(
                sql: """
                    INSERT INTO workspace (id, name, name_key, created_at) VALUES (?, 'x', 'x', 0);
                    INSERT INTO ledger_entry (sequence, workspace, kind, counter, amount, key, at, month, workload, run, minutes_before,
                    minutes_after, corrections, hash) VALUES (1, ?, 'charge', 'revenue', -7, ?, ?, '2026-02', ?, 1, 0, 60, 0, ?)
                    """, arguments: [workspace, workspace, posting.key, now, workload, entry.hash])
        }
        try Migrations.all.migrate(queue)
        try queue.read { db in
            let row = try #require(try Row.fetchOne(db, sql: "SELECT * FROM ledger_entry"))
            let seen = try LedgerEntry(row)
            #expect(seen == entry)
            #expect(seen.expectedHash(after: .none) == entry.hash)
        }
    }

    @Test("14 privacy: an asset is kept by who made it, and names of what people keep to themselves are their own (DAT-14)")
    func privacy() throws {
        let (queue, asset) = try older(upTo: "12 audit")
        let account = identifiers.next(Account.self, at: now)
        try queue.write { db in
            try db.execute(
                sql: """
                    UPDATE asset SET created_by = '\(account)', visibility = 'owner';
                    INSERT INTO arrears_deleted (workspace, since, at, item, name, bytes, approved_by) VALUES
                    ('w', 0, 0, 'version/\(asset)/12', 'd v12', 1, 'o'), ('w', 0, 0, 'draft/\(asset)', 'd', 1, 'o'),
                    ('w', 0, 0, 'upload/upl', 'a.csv', 1, 'o'), ('w', 0, 0, 'result/wld', 'j', 1, 'o');
                    """)
        }
        try Migrations.all.migrate(queue)
        func insert(_ keeper: String, _ visibility: String) throws {
            try queue.write { db in
                try db.execute(
                    sql: """
                        INSERT INTO asset (id, workspace, kind, name, name_key, description, tags, visibility, zone, created_by, keeper,
                        created_at, changed_at) VALUES (?, 'w', 'dataset', 'd', 'd', '', '[]', ?, 'z', ?, ?, 0, 0)
                        """, arguments: [identifiers.next(Asset.self, at: now), visibility, keeper, keeper])
            }
        }
        try insert("b", "owner")
        try insert("b", "workspace")
        #expect(throws: DatabaseError.self) { try insert("b", "owner") }
        #expect(throws: DatabaseError.self) { try insert("c", "workspace") }
        try queue.read { db in
            #expect(try String.fetchOne(db, sql: "SELECT keeper FROM asset WHERE id = ?", arguments: [asset]) == account.text)
            let keepers = try String?.fetchAll(db, sql: "SELECT keeper FROM arrears_deleted ORDER BY sequence")
            #expect(keepers == [account.text, account.text, "", nil])
            let plan = try Self.plan(
                db,
                "SELECT * FROM asset WHERE workspace = ? AND kind = ? AND keeper = ? AND name_key = ? AND deleted_at IS NULL AND visibility = 'owner'",
                ["w", "dataset", "b", "d"])
            #expect(plan.contains("asset_kept_name"), "\(plan)")
        }
    }

    @Test("19 starters: what ran before counts for whoever had made it (audit-c F9)")
    func starters() throws {
        let (queue, _) = try older(upTo: "18 departures")
        let (workload, maker) = (identifiers.next(Workload.self, at: now), identifiers.next(Account.self, at: now))
        try insertWorkload(workload, .environment, by: maker.text, run: 2, into: queue)
        try queue.write { db in
            try db.execute(
                sql: """
                    INSERT INTO run (workload, number, flavor, replicas, image_digest, queued_at) VALUES
                    ('\(workload)', 1, '{}', 1, 'd', 0), ('\(workload)', 2, '{}', 1, 'd', 0);
                    """)
        }
        try Migrations.all.migrate(queue)
        let starters = try queue.read { db in
            try String.fetchAll(
                db, sql: "SELECT started_by FROM run UNION ALL SELECT started_by FROM workload WHERE id = ?", arguments: [workload])
        }
        #expect(starters == [maker.text, maker.text, maker.text])
    }

    @Test(
        "20 prices, 21 makers: what ran before has the list of its submission, and who has made a workspace is found by an index (BIL-06)")
    func prices() throws {
        let (queue, _) = try older(upTo: "19 starters")
        let workload = identifiers.next(Workload.self, at: now)
        try insertWorkload(workload, .environment, into: queue)
        try queue.write { db in
            try db.execute(
                sql: "INSERT INTO run (workload, number, flavor, replicas, image_digest, queued_at) VALUES (?, 1, '{}', 1, 'd', 0)",
                arguments: [workload])
        }
        try Migrations.all.migrate(queue)
        try queue.read { db in
            let row = try #require(
                try Row.fetchOne(
                    db, sql: "SELECT priced_at, stop_cause FROM run JOIN workload ON workload.id = run.workload WHERE workload.id = ?",
                    arguments: [workload]))
            let (pricedAt, cause): (Int64?, String?) = (row["priced_at"], row["stop_cause"])
            #expect(pricedAt == nil && cause == nil)
            let plan = try Self.plan(db, Reading.hasMadeWorkspaceQuery, ["a"])
            #expect(plan.contains("audit_event_maker (actor=?)"), "\(plan)")
        }
    }

    @Test("22 reservations: an asset knows the newest version that is there, and an upload on its way goes on to its end (review 10)")
    func reservations() throws {
        let (queue, asset) = try older(upTo: "21 makers")
        let (upload, account) = (identifiers.next(Upload.self, at: now), identifiers.next(Account.self, at: now))
        let (other, workspace) = (identifiers.next(Asset.self, at: now), identifiers.next(Workspace.self, at: now))
        try queue.write { db in
            try db.execute(
                sql: """
                    UPDATE asset SET latest = 3;
                    INSERT INTO workspace (id, name, name_key, created_at) VALUES ('\(workspace)', 'x', 'x', 0);
                    INSERT INTO asset (id, workspace, kind, name, name_key, description, tags, visibility, zone, created_by, created_at,
                    changed_at) VALUES ('\(other)', 'w', 'dataset', 'e', 'e', '', '[]', 'workspace', 'z', 'a', 0, 0);
                    INSERT INTO asset_version (asset, number, tree, size, added, files, note, created_by, created_at, deleted_at) VALUES
                    ('\(asset)', 1, 't1', 1, 1, 1, '', 'a', 0, NULL), ('\(asset)', 2, 't2', 1, 1, 1, '', 'a', 0, NULL),
                    ('\(asset)', 3, 't3', 1, 1, 1, '', 'a', 0, 5);
                    INSERT INTO storage_unit (unit, workspace, kind, bytes) VALUES ('asset/\(asset)', '\(workspace)', 'datasets', 30);
                    INSERT INTO storage_held (workspace, account, kind, bytes) VALUES ('\(workspace)', '', 'datasets', 30);
                    INSERT INTO upload (id, unit, account, path, length, created_at) VALUES
                    ('\(upload)', 'asset/\(asset)', '\(account)', 'a', 20, 0);
                    """)
        }
        try Migrations.all.migrate(queue)
        try queue.write { db in
            let newest = try Row.fetchAll(db, sql: "SELECT latest, newest FROM asset ORDER BY name").map { row in
                [row["latest"] as Int, row["newest"] as Int]
            }
            #expect(newest == [[3, 2], [0, 0]])
            let record = try #require(try Reading(db: db).upload(upload))
            #expect(record.counted == 0 && record.length == 20)
            #expect(try Int.fetchOne(db, sql: "SELECT expected FROM storage_unit") == 0)
            try Writing(db: db).finish(record, at: now)
            #expect(try Int.fetchOne(db, sql: "SELECT sum(bytes) FROM storage_held") == 50)
            #expect(try Int.fetchOne(db, sql: "SELECT expected FROM storage_unit") == 20)
        }
    }

    @Test("24 ssh policy: a workspace from before has the standard, and keeps the last that it sets (DEV-13, review 10)")
    func sshPolicy() throws {
        let (queue, _) = try older(upTo: "22 reservations")
        let (workspace, account) = (identifiers.next(Workspace.self, at: now), identifiers.next(Account.self, at: now))
        try queue.write { db in
            try db.execute(sql: "INSERT INTO workspace (id, name, name_key, created_at) VALUES (?, 'x', 'x', 0)", arguments: [workspace])
        }
        try Migrations.all.migrate(queue)
        try queue.write { db in
            #expect(try Reading(db: db).sshPolicy(of: workspace) == .standard)
            let closed = SSHPolicy(environments: false, forwarding: .off)
            for policy in [SSHPolicy(environments: true, forwarding: .own), closed] {
                try Writing(db: db).setSSHPolicy(policy, of: workspace, by: account, at: now)
            }
            #expect(try Reading(db: db).sshPolicy(of: workspace) == closed)
            #expect(try Int.fetchOne(db, sql: "SELECT count(*) FROM ssh_policy") == 1)
        }
    }

    @Test("26 memory: nothing that ran before was killed for memory (TRN-13, review 10)")
    func memory() throws {
        let (queue, _) = try older(upTo: "24 ssh policy")
        let workload = identifiers.next(Workload.self, at: now)
        try insertWorkload(workload, .job, into: queue)
        try queue.write { db in
            try db.execute(
                sql: """
                    INSERT INTO instance (id, workload, run, position, attempt, devices, created_at) VALUES ('i', ?, 1, 0, 0, '[]', 0)
                    """, arguments: [workload])
        }
        try Migrations.all.migrate(queue)
        try queue.read { db in
            let row = try #require(
                try Row.fetchOne(
                    db, sql: "SELECT memory_kills, memory_killed_at FROM instance JOIN workload ON workload.id = instance.workload"))
            let (kills, killedAt): (Int, Int64?) = (row["memory_kills"], row["memory_killed_at"])
            #expect(kills == 0 && killedAt == nil)
        }
    }

    @Test("27 finished uploads: what was on its way ends as any other, and is forgotten by an index (DAT-07, review 10)")
    func finishedUploads() throws {
        let (queue, asset) = try older(upTo: "26 memory")
        let (upload, account) = (identifiers.next(Upload.self, at: now), identifiers.next(Account.self, at: now))
        try queue.write { db in
            try db.execute(
                sql: "INSERT INTO upload (id, unit, account, path, length, created_at) VALUES (?, ?, ?, 'a', 20, 0)",
                arguments: [upload, StorageUnit.asset(asset).description, account])
        }
        try Migrations.all.migrate(queue)
        try queue.write { db in
            let (reading, writing) = (Reading(db: db), Writing(db: db))
            #expect(try reading.finishedUpload(upload) == nil)
            let record = try #require(try reading.upload(upload))
            // Two requests may do it.
            for _ in 0..<2 { try writing.finish(record, at: now) }
            #expect(try reading.upload(upload) == nil)
            #expect(try reading.finishedUpload(upload) == FinishedUpload(unit: .asset(asset), account: account, length: 20))
            let plan = try Self.plan(db, "DELETE FROM finished_upload WHERE finished_at < ?", [0])
            #expect(plan.contains("finished_upload_age"), "\(plan)")
            try writing.forgetFinishedUploads(before: now)
            #expect(try reading.finishedUpload(upload) != nil)
            try writing.forgetFinishedUploads(before: now + .seconds(1))
            #expect(try reading.finishedUpload(upload) == nil)
        }
    }

    @Test("28 makings: what a person made and is uploading, and the workspaces of their making, are counted by indexes (DAT-07, QUO-06)")
    func makings() throws {
        let (queue, asset) = try older(upTo: "27 finished uploads")
        let (upload, account) = (identifiers.next(Upload.self, at: now), identifiers.next(Account.self, at: now))
        let workspace = identifiers.next(Workspace.self, at: now)
        try queue.write { db in
            try db.execute(
                sql: "INSERT INTO upload (id, unit, account, path, length, created_at) VALUES (?, ?, ?, 'a', 20, 7)",
                arguments: [upload, StorageUnit.asset(asset).description, account])
        }
        try Migrations.all.migrate(queue)
        try queue.write { db in
            let reading = Reading(db: db)
            #expect(try reading.uploads(into: .asset(asset), of: account).map(\.id) == [upload])
            #expect(try reading.uploadCount(into: .asset(asset), of: account) == 1)
            #expect(try reading.uploads(into: .asset(asset), of: identifiers.next(Account.self, at: now)).isEmpty)
            #expect(try reading.projectCount(in: workspace) == 0 && reading.assetCount(in: workspace) == 0)
            #expect(try reading.projectsMade(by: account, since: now) == 0 && reading.assetsMade(by: account, since: now) == 0)
            #expect(try reading.madeWorkspaces(by: account).isEmpty)
            let plan = try Self.plan(db, Reading.madeWorkspacesQuery, ["owner", "a"])
            #expect(plan.contains("audit_event_maker (actor=?)") && !plan.contains("SCAN audit_event"), "\(plan)")
            try Writing(db: db).abandonUploads(of: account, in: workspace)
        }
    }

    @Test("29 free starts: what programs of a person ran for nothing is found by an index (BIL-26)")
    func freeStarts() throws {
        let (queue, _) = try older(upTo: "28 makings")
        try Migrations.all.migrate(queue)
        try queue.read { db in
            let plan = try Self.plan(db, Reading.freeStartsQuery, ["acc", 0, "wsp"])
            #expect(plan.contains("INDEX run_free (started_by=? AND ended_at>?)") && plan.contains("instance_workload"), "\(plan)")
        }
    }

    @Test("12 audit: records are neither changed nor deleted, and what is asked of them goes by an index (ADM-04)")
    func audit() throws {
        let (queue, _) = try older(upTo: "11 names")
        try Migrations.all.migrate(queue)
        let event = AuditEvent(
            .roleChanged, of: "acc", named: "ada", before: "member", after: "owner", in: nil, by: identifiers.next(Account.self, at: now),
            at: now)
        try queue.write { try Writing(db: $0).record(event) }
        try queue.write { db in
            let row = try #require(try Row.fetchOne(db, sql: "SELECT * FROM audit_event"))
            let seen = try AuditEvent(row)
            #expect(seen.sequence == 1 && seen.action == .roleChanged && seen.before == "member" && seen.after == "owner")
            #expect(seen.actor == event.actor && seen.at == now && seen.workspace == nil && row["kind"] == "member")
            #expect(throws: DatabaseError.self) { try db.execute(sql: "UPDATE audit_event SET name = 'x'") }
            #expect(throws: DatabaseError.self) { try db.execute(sql: "DELETE FROM audit_event") }
            for (filter, index) in [
                ("workspace = 'w' AND", "audit_event_workspace "), ("workspace = 'w' AND kind = 'data' AND", "audit_event_workspace_kind"),
                ("kind = 'data' AND", "audit_event_kind"),
            ] {
                let plan = try Self.plan(
                    db, "SELECT * FROM audit_event WHERE \(filter) sequence < ? ORDER BY sequence DESC LIMIT 9", [9])
                #expect(plan.contains("USING INDEX " + index) && !plan.contains("TEMP B-TREE"), "\(plan)")
            }
        }
    }

    /// As the history asks, without the tables that it joins and the index that it names.
    private static let month = """
        SELECT workload, number FROM run WHERE queued_at >= ? AND queued_at < ? AND running_at IS NOT NULL
        ORDER BY queued_at, workload, number
        """

    private static func plan(_ db: Database, _ sql: String, _ arguments: StatementArguments) throws -> String {
        try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN " + sql, arguments: arguments).map { $0["detail"] as String }.joined(separator: "\n")
    }
}
