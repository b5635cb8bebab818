import TestSupport
import Testing
import WeirModel
import WeirStore

@testable import WeirPlatform

@Suite("What was let in counts until it is on the ledger (BIL-18)")
struct CommitmentTests: MoneyScene {
    @Test("what has ended counts until its end is settled, once (review 1)")
    func ended() async throws {
        let scene = try await LedgerScene(at: "2026-12-02T09:00:00Z")
        let run = try await scene.start(in: 0)
        let (workspace, project) = (scene.workspaces[0], scene.projects[0])
        func held() async throws -> Commitments {
            let now = scene.clock.now()
            return try await scene.store.read { try $0.commitments(of: workspace, at: now) }
        }
        scene.clock.advance(by: .seconds(5400))
        try await scene.settleAll()
        try await scene.end(0, at: scene.clock.now())
        // The hour is charged, and half an hour is not.
        let rest = try run.price.amount(minutes: 30)
        #expect(try await held()[.workspace] == rest)
        #expect(try await held()[.project(project)] == rest)
        scene.clock.advance(by: .seconds(7200))
        #expect(try await held()[.workspace] == rest)
        try await scene.settleAll()
        #expect(try await held()[.workspace] == 0)
    }

    @Test("what is deploying counts with its limit where that is shorter than an hour (review 2)")
    func deploying() async throws {
        let short = Flavor(name: "short", cpu: 1000, memory: .gib(2), scratch: .gib(1), longestRun: 900, pricePerHour: 1)
        let test = try TestPlatform(clock: ManualClock(), flavors: [TestPlatform.small, short])
        let platform = try await test.start()
        let tenant = try await test.tenant(on: platform)
        let made = [
            try await tenant.job("half", timeLimit: 1800, on: platform),
            try await tenant.job("quarter", flavor: "short", on: platform),
            try await platform.environments.create(
                tenant.submission("lab"), tool: nil, autoStop: 1800, in: tenant.project, by: tenant.caller),
        ]
        for workload in made { _ = try await letIn(workload, platform, test) }
        let now = test.clock.now()
        let (held, due) = try await test.store.read { db in
            (try db.commitments(of: tenant.workspace, at: now)[.workspace], try made.map { try db.firstHour(of: $0) })
        }
        #expect(due.prefix(2) == [Points(micro: 500_000), Points(micro: 250_000)])
        #expect(try held == Points.sum(due))
    }
}
