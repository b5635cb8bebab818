import GRDB
import TestSupport
import Testing
import WeirModel

@testable import WeirStore

@Suite("What is held")
struct HoldingsTests {
    private func spec(_ random: inout SeededRandom) -> WorkloadSpec {
        let compute = [0, 0, 1, 250, 1000, 1500, 2000, 8000].randomElement(using: &random) ?? 0
        let gpu = compute == 0 ? nil : GPUShare(kind: "nvidia.com/gpu", compute: compute, memory: .gib(.random(in: 0...80, using: &random)))
        let flavor = Flavor(
            name: "f", cpu: .random(in: 100...8000, using: &random), memory: .mib(.random(in: 16...9000, using: &random)), scratch: 0,
            gpu: gpu, pricePerHour: 1)
        let tree = TreeName(RandomIdentifiers().next(Tree.self, at: Timestamp(milliseconds: 1)))
        let detail: WorkloadSpec.Detail =
            switch Int.random(in: 0...3, using: &random) {
            case 0:
                .service(
                    ServiceDetail(
                        command: "x", code: tree, port: 1, mode: .http, healthPath: nil, startLimit: 5,
                        replicas: .random(in: 1...16, using: &random)))
            case 1: .job(JobDetail(command: "x", code: tree))
            case 2: .board(BoardDetail(logPath: "/"))
            default: .environment(EnvironmentDetail(tool: "t", autoStop: nil))
            }
        return WorkloadSpec(image: PinnedImage(reference: "i", digest: "d"), flavor: flavor, detail: detail)
    }

    @Test("the sums of the database are those of the specifications, by person and state (QUO-03, QUO-08)")
    func sums() async throws {
        let fixture = try await StoreFixture()
        let seed = try #require(Property.seeds(1).first)
        var random = SeededRandom(seed: seed)
        let bob = fixture.identifiers.next(Account.self, at: fixture.now)
        var expected: [Identifier<Account>: (held: Holdings, waiting: Holdings)] = [:]
        for number in 0..<120 {
            var workload = try fixture.job("w\(number)")
            workload.spec = spec(&random)
            workload.kind = workload.spec.kind
            workload.createdBy = number % 3 == 0 ? bob : fixture.account
            let inserted = workload
            let state =
                (["queued", "deploying", "running", "stopping", "stopped", "failed"] as [String]).randomElement(using: &random) ?? ""
            let wanted = state == "queued" && number % 7 == 0 ? "stopped" : "running"
            try await fixture.store.write { db in
                try db.db.execute(
                    sql: """
                        INSERT INTO workload (id, kind, workspace, project, name, name_key, description, created_by, started_by, created_at,
                        spec, secret, wanted, state, state_since, run) VALUES (?, ?, ?, ?, ?, ?, '', 'a', ?, 0, ?, 's', ?, ?, 0, 1)
                        """,
                    arguments: [
                        inserted.id, inserted.kind.rawValue, inserted.workspace, inserted.project, inserted.name, inserted.name,
                        inserted.createdBy, try quickJSON(inserted.spec), wanted, state,
                    ])
            }
            var sum = expected[inserted.createdBy] ?? (.none, .none)
            switch state {
            case "queued": if wanted == "running" { sum.waiting += inserted.spec.holdings }
            case "deploying", "running", "stopping": sum.held += inserted.spec.holdings
            default: break
            }
            expected[inserted.createdBy] = sum
        }
        let (one, all, held) = try await fixture.store.read { db in
            (try db.holdings(in: fixture.workspace), try db.holdings(), try db.resourcesHeld())
        }
        #expect(Set(one) == Set(all), "seed \(seed)")
        #expect(one.count == 2)
        for person in one {
            #expect(person.held == expected[person.account]?.held, "seed \(seed)")
            #expect(person.waiting == expected[person.account]?.waiting, "seed \(seed)")
        }
        #expect(held == expected.values.reduce(.none) { $0 + $1.held })
    }

    @Test("the lists of holdings look up by indexes, whatever ran before", arguments: [true, false])
    func plan(ofWorkspace: Bool) async throws {
        let fixture = try await StoreFixture()
        let plan = try await fixture.store.read { db in
            try Row.fetchAll(
                db.db, sql: "EXPLAIN QUERY PLAN " + (ofWorkspace ? Reading.holdingsOfWorkspace : Reading.holdingsOfAll),
                arguments: ofWorkspace ? [fixture.workspace] : []
            ).map { $0["detail"] as String }
        }.joined(separator: "\n")
        #expect(!plan.contains("SCAN workload\n") && plan.contains("INDEX workload_"), "\(plan)")
    }

    @Test("an allowance is set, replaced and removed, each change with who and when; the person's own comes before everyone's (QUO-06)")
    func allowances() async throws {
        let fixture = try await StoreFixture()
        let (workspace, ada, now) = (fixture.workspace, fixture.account, fixture.now)
        let (tight, wide) = (Allowance(quota: Quota(cpu: 1000)), Allowance(quota: Quota(cpu: 8000), weight: 200))
        try await fixture.store.write { db in
            try db.setAllowance(tight, of: .everyone, in: workspace, by: ada, at: now)
            try db.setAllowance(tight, of: .everyone, in: workspace, by: ada, at: now)
        }
        #expect(try await fixture.store.read { try $0.allowances(of: ada, in: workspace) }.person == tight)
        try await fixture.store.write { db in
            try db.setAllowance(wide, of: .account(ada), in: workspace, by: ada, at: now + .seconds(1))
            try db.setAllowance(wide, of: .workspace, in: workspace, by: ada, at: now + .seconds(2))
        }
        #expect(try await fixture.store.read { try $0.allowances(of: ada, in: workspace) } == Allowances(workspace: wide, person: wide))
        try await fixture.store.write { try $0.setAllowance(nil, of: .account(ada), in: workspace, by: ada, at: now + .seconds(3)) }
        #expect(try await fixture.store.read { try $0.allowances(of: ada, in: workspace) } == Allowances(workspace: wide, person: tight))
        let changes = try await fixture.store.read { try $0.ruleChanges(in: workspace, PageRequest()) }.items
        #expect(changes.map(\.subject) == [ada.text, "workspace", ada.text, "everyone"])
        #expect(changes.first?.after == nil)
        #expect(changes.allSatisfy { $0.actor == ada })
    }

    @Test("what is on its way into a unit counts at once, and what is measured says what came of it (QUO-03)")
    func expected() async throws {
        let fixture = try await StoreFixture()
        let (workspace, project, ada) = (fixture.workspace, fixture.project, fixture.account)
        #expect(try await fixture.store.read { try $0.storageKept(by: workspace) } == 0)
        try await fixture.store.write { try $0.expect(.gib(3), in: .code(project)) }
        #expect(try await fixture.store.read { try $0.storageKept(by: workspace) } == .gib(3))
        #expect(try await fixture.store.read { try $0.storageKeptByWorkspaces() } == [workspace: .gib(3)])
        try await fixture.store.write { try $0.setMeasured(.code(project), bytes: .gib(1), files: 1, changes: 1, at: fixture.now) }
        #expect(try await fixture.store.read { try $0.storageKept(by: workspace) } == .gib(1))
        // Code is nobody's own; a home is.
        #expect(try await fixture.store.read { try $0.storageKept(by: ada, in: workspace) } == 0)
        try await fixture.store.write { db in
            try db.openPersonalStorage(of: ada, in: workspace)
            try db.setMeasured(.home(ada), bytes: .gib(2), files: 1, changes: 1, at: fixture.now)
        }
        #expect(try await fixture.store.read { try $0.storageKept(by: ada, in: workspace) } == .gib(2))
        #expect(try await fixture.store.read { try $0.storageKeptByPeople(in: workspace) } == [ada: .gib(2)])
        #expect(try await fixture.store.read { try $0.storageKept(by: workspace) } == .gib(3))
    }
}
