import Foundation
import TestSupport
import WeirModel
import WeirPlatform
import WeirStore

/// A platform whose workspaces have runs to be charged, written straight into its tables.
struct LedgerPopulation: Sendable {
    static let start = Timestamp(milliseconds: 1_767_225_600_000)
    /// Runs of the year that is verified: so many a day.
    static let perDay = 1000

    let test: TestPlatform
    let platform: Platform
    let tenants: [TestPlatform.Tenant]
    /// One run of each workspace, of which the others are copies.
    let templates: [Identifier<Workload>]

    var path: String { test.folder.path + "/weir.sqlite" }

    init(workspaces count: Int = 8) async throws {
        test = try TestPlatform(clock: ManualClock("2026-01-01T00:00:00Z"))
        platform = try await test.start()
        var (tenants, templates): ([TestPlatform.Tenant], [Identifier<Workload>]) = ([], [])
        for number in 0..<count {
            let tenant = try await test.tenant("tenant-\(number)", on: platform)
            let now = test.clock.now()
            let id = RandomIdentifiers().next(Workload.self, at: now)
            let name = try Name("template-\(number)")
            let tree = TreeName(RandomIdentifiers().next(Tree.self, at: now))
            let record = WorkloadRecord(
                id: id, workspace: tenant.workspace, project: tenant.project, name: name, description: "",
                createdBy: tenant.caller.id, createdAt: now,
                spec: WorkloadSpec(
                    image: PinnedImage(reference: "weir/notebook", digest: "sha256:0"), flavor: TestPlatform.small,
                    detail: .job(JobDetail(command: "python train.py", code: tree))), secret: "weiri_0")
            let new = try NewWorkload(record, name: name)
            try await test.store.write { try $0.insert(new, cause: Cause("submitted")) }
            tenants.append(tenant)
            templates.append(id)
        }
        (self.tenants, self.templates) = (tenants, templates)
    }

    /// Identifiers lie in no order, as those of a busy installation.
    static func workload(_ number: Int) -> String {
        let digits = String(number * 2_654_435_761 % 4_294_967_296)
        return "wld_" + String(repeating: "0", count: 26 - digits.count) + digits
    }

    func tenant(of number: Int) -> Int { number % tenants.count }

    /// Runs that have been running since the beginning of the year.
    static func addRunning(_ count: Int, templates: [Identifier<Workload>], to path: String) throws {
        try add(count, templates, to: path, start: "\(start.milliseconds)", end: "NULL")
    }

    /// A thousand runs a day, from ten minutes to three hours long, all over.
    static func addYear(days: Int, templates: [Identifier<Workload>], to path: String) throws {
        let begin = "(\(start.milliseconds) + i * \(86_400_000 / perDay))"
        try add(
            days * perDay, templates, to: path, start: begin, end: "(\(begin) + (10 + (i * 7919) % 170) * 60000 - i % 60000)")
    }

    private static func add(
        _ count: Int, _ templates: [Identifier<Workload>], to path: String, start: String, end: String
    ) throws {
        let database = try RawDatabase(path: path)
        let names = templates.enumerated().map { "(\($0.offset), '\($0.element)')" }.joined(separator: ", ")
        let head = """
            WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < \(count)),
            template(place, id) AS (VALUES \(names))
            """
        let id = "'wld_' || printf('%026d', (i * 2654435761) % 4294967296)"
        try database.execute(
            """
            BEGIN;
            \(head) INSERT INTO workload (id, kind, workspace, project, name, name_key, description, created_by, created_at, spec,
            secret, wanted, state, state_since, run)
            SELECT \(id), kind, workspace, project, 'job-' || i, 'job-' || i, '', created_by, created_at, spec, secret, 'stopped',
            'completed', state_since, 1
            FROM n JOIN template ON template.place = n.i % \(templates.count) JOIN workload USING (id);
            \(head) INSERT INTO run (workload, number, flavor, replicas, image_digest, tariff, price, queued_at, running_at, ended_at)
            SELECT \(id), 1, flavor, replicas, image_digest, tariff, price, \(start), \(start), \(end)
            FROM n JOIN template ON template.place = n.i % \(templates.count) JOIN run ON run.workload = template.id;
            COMMIT; PRAGMA wal_checkpoint(TRUNCATE)
            """)
    }

    /// Settles all that is due at `now`, in batches, as the loop of Weir does: looks and plans one while the one before is entered.
    /// Returns how many charges were entered.
    func settle(at now: Timestamp) async throws -> Int {
        var count = 0
        var planned = try await plan(after: nil, at: now)
        while let last = planned.last {
            let settlements = planned.settlements
            async let entered = enter(settlements, at: now)
            async let next = plan(after: last, at: now)
            count += try await entered
            planned = try await next
        }
        return count
    }

    private func plan(after cursor: RunIdentity?, at now: Timestamp) async throws -> (settlements: [RunSettlement], last: RunIdentity?) {
        let due = try await test.store.read { try $0.unsettledRuns(after: cursor, limit: Writing.mostSettlements) }
        let calendar = platform.calendar
        let settlements = try due.map { try RunSettlement($0, now: now, calendar: calendar) }.filter { !$0.isEmpty }
        return (settlements, due.last?.run.run)
    }

    private func enter(_ settlements: [RunSettlement], at now: Timestamp) async throws -> Int {
        let batch = try await test.store.write { try $0.settle(settlements, at: now) }
        return settlements.reduce(0) { $0 + (batch.applied.contains($1.due.run.run) ? $1.plan.charges.count : 0) }
    }
}
