import GRDB
import TestSupport
import Testing
import WeirModel

@testable import WeirStore

@Suite("Storage in the store")
struct StorageStoreTests {
    @Test("what is measured again, and the largest, are found without a look at the rest")
    func plans() async throws {
        let fixture = try await StoreFixture()
        func plan(_ sql: String) async throws -> String {
            try await fixture.store.read { reading in
                try Row.fetchAll(reading.db, sql: "EXPLAIN QUERY PLAN " + sql).map { $0["detail"] as String }.joined(separator: "\n")
            }
        }
        let changed = try await plan(
            "SELECT unit FROM storage_unit WHERE changes <> measured ORDER BY measured_at, unit LIMIT 10")
        #expect(changed.contains("storage_unit_changed") && !changed.contains("TEMP B-TREE"), "\(changed)")
        let largest = try await plan(
            "SELECT * FROM storage_unit WHERE workspace = '' AND bytes > 0 ORDER BY bytes DESC LIMIT 10")
        #expect(largest.contains("storage_unit_largest") && !largest.contains("TEMP B-TREE"), "\(largest)")
        let images = try await plan("SELECT max(size) AS size FROM image WHERE image.workspace = '' GROUP BY digest")
        #expect(images.contains("COVERING INDEX image_own") && !images.contains("TEMP B-TREE"), "\(images)")
        let oldest = try await plan("SELECT min(hour) FROM storage_sample")
        #expect(oldest.contains("storage_sample_hour"), "\(oldest)")
    }

    @Test("the sums are those of the figures, whatever was measured and deleted")
    func sums() async throws {
        let fixture = try await StoreFixture()
        let (workspace, project, now) = (fixture.workspace, fixture.project, fixture.now)
        var random = SeededRandom()
        for _ in 0..<200 {
            let size = Bytes(Int64.random(in: 0...1_000_000, using: &random))
            let unit = Bool.random(using: &random) ? StorageUnit.code(project) : .output(project)
            try await fixture.store.write { try $0.setMeasured(unit, bytes: size, files: 1, changes: 1, at: now) }
            let (held, units) = try await fixture.store.read {
                (try $0.storageHeld(by: workspace), try $0.storageUnits(of: workspace))
            }
            for kind in [StorageKind.code, .outputs] {
                let sum = units.filter { $0.kind == kind }.reduce(Bytes(0)) { $0 + $1.bytes }
                #expect(held[kind] ?? 0 == sum, "seed \(random.seed)")
            }
        }
        try await fixture.store.write { try $0.markDeleted(project, at: now) }
        #expect(try await fixture.store.read { try $0.storageHeld(by: workspace) } == [:])
        // A measuring that began before ends after: it finds nothing to write to.
        try await fixture.store.write { try $0.setMeasured(.code(project), bytes: 5, files: 1, changes: 1, at: now) }
        #expect(try await fixture.store.read { try $0.storageHeld(by: workspace) } == [:])
    }

    @Test(
        "an upload that ends while its folder is measured counts once, however much of it was seen (QUO-03, review 8)",
        arguments: [0, 300, 1000] as [Bytes])
    func uploadEndsMeanwhile(seen: Bytes) async throws {
        let fixture = try await StoreFixture()
        let (workspace, unit, now) = (fixture.workspace, StorageUnit.code(fixture.project), fixture.now)
        let upload = UploadRecord(
            id: fixture.identifiers.next(Upload.self, at: now), unit: unit, account: fixture.account, path: "a", length: 1000,
            createdAt: now)
        func kept() async throws -> Bytes { try await fixture.store.read { try $0.storageKept(by: workspace) } }
        try await fixture.store.write { db in
            try db.insert(upload)
            try db.setMeasured(unit, bytes: 250, files: 2, changes: nil, uploads: [upload.id: 200], at: now)
        }
        #expect(try await kept() == 1050)
        let begun = try #require(try await fixture.store.read { try $0.storagePlan(of: unit) })
        #expect(begun.uploads == [upload.id])
        try await fixture.store.write { try $0.finish(upload, at: now) }
        #expect(try await kept() == 1050)
        try await fixture.store.write { db in
            try db.setMeasured(
                unit, bytes: 50 + seen, files: 2, changes: nil, expected: begun.record.expected, uploads: [upload.id: seen], at: now)
        }
        #expect(try await kept() == 1050)
    }

    @Test("what was there before storage was counted is measured once")
    func migration() throws {
        let identifiers = RandomIdentifiers()
        let now = Timestamp(milliseconds: 1_770_000_000_000)
        let project = identifiers.next(Project.self, at: now)
        let (asset, job) = (identifiers.next(Asset.self, at: now), identifiers.next(Workload.self, at: now))
        let account = identifiers.next(Account.self, at: now)
        let queue = try DatabaseQueue()
        try Migrations.all.migrate(queue, upTo: "2 money")
        try queue.write { db in
            try db.execute(
                sql: """
                    INSERT INTO workspace (id, name, name_key, created_at) VALUES ('w', 'w', 'w', 0);
                    INSERT INTO project (id, workspace, name, name_key, description, tags, created_by, created_at, changed_at)
                    VALUES ('\(project)', 'w', 'p', 'p', '', '[]', 'a', 0, 0);
                    INSERT INTO asset (id, workspace, kind, name, name_key, description, tags, visibility, zone, created_by, created_at,
                    changed_at) VALUES ('\(asset)', 'w', 'model', 'm', 'm', '', '[]', 'workspace', 'z', 'a', 0, 0);
                    INSERT INTO workload (id, kind, workspace, project, name, name_key, description, created_by, created_at, spec, secret,
                    wanted, state, state_since, run) VALUES ('\(job)', 'job', 'w', '\(project)', 'j', 'j', '', '\(account)', 0, '{}',
                    's', 'stopped', 'stopped', 0, 1);
                    """)
        }
        try Migrations.all.migrate(queue)
        let units = try queue.read { db in
            try Row.fetchAll(db, sql: "SELECT unit, kind, account FROM storage_unit WHERE changes <> measured ORDER BY unit").map { row in
                "\(row["unit"] as String) \(row["kind"] as String) \(row["account"] as String)"
            }
        }
        #expect(
            units == [
                "asset/\(asset) models ", "code/\(project) code ", "frozen/\(project) code ", "home/\(account) netdisk \(account)",
                "netdisk/\(account) netdisk \(account)", "output/\(project) outputs ", "result/\(job) outputs ",
            ])
    }
}
