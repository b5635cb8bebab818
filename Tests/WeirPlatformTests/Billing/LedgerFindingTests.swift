import TestSupport
import Testing
import WeirModel
import WeirStore

@testable import WeirPlatform

@Suite("What older rules let happen is found, kind by kind")
struct LedgerFindingTests {
    /// Two jobs and an environment of an hour, settled by today's rules: nothing is found.
    private func scene() async throws -> LedgerScene {
        let scene = try await LedgerScene(at: "2026-12-02T09:00:00Z")
        // After its first price list began.
        scene.clock.advance(by: .seconds(60))
        for isEnvironment in [false, false, true] { try await scene.start(in: 0, environment: isEnvironment) }
        scene.clock.advance(by: .seconds(3600))
        for run in 0..<3 { try await scene.end(run, at: scene.clock.now()) }
        try await scene.settleAll()
        #expect(try await findings(scene) == [])
        return scene
    }

    private func findings(_ scene: LedgerScene, most: Int = 10) async throws -> [LedgerFinding] {
        let now = scene.clock.now()
        return try await scene.store.read { try $0.ledgerFindings(most: most, at: now) }
    }

    private func runAnHour(in workspace: Int, _ scene: LedgerScene) async throws {
        try await scene.start(in: workspace)
        scene.clock.advance(by: .seconds(3600))
        try await scene.end(scene.runs.count - 1, at: scene.clock.now())
        try await scene.settleAll()
    }

    private func recharge(_ workspace: Int, by amount: Points, _ scene: LedgerScene) async throws {
        _ = try await scene.ledger.recharge(
            scene.workspaces[workspace], by: amount, reference: "", key: scene.key("recharge-\(workspace)"), caller: scene.operatorCaller)
    }

    private func setBudget(_ limit: Points, in workspace: Int, _ scene: LedgerScene) async throws {
        let budget = try Budget(limit: limit, warnings: [], atLimit: .refuse)
        let (id, project, now) = (scene.workspaces[workspace], scene.projects[workspace], scene.clock.now())
        let account = scene.operatorCaller.id
        try await scene.store.write { try $0.setBudget(budget, of: .project(project), in: id, by: account, at: now) }
    }

    private func settle(_ finding: LedgerFinding, _ scene: LedgerScene) async throws {
        _ = try await scene.ledger.correct(
            try #require(finding.workspace), by: try #require(finding.amount), of: .revenue, reference: finding.reference,
            note: "older rules", key: scene.key(finding.reference), caller: scene.operatorCaller)
    }

    private func pay(_ times: Int, _ scene: LedgerScene) async throws {
        for number in 1...times {
            _ = try await scene.ledger.recharge(
                scene.workspaces[0], by: 10, reference: "\(number)", key: scene.key("\(number)"), caller: scene.operatorCaller)
        }
        try scene.tamper("UPDATE ledger_entry SET reference = 'bank 1' WHERE kind = 'recharge'")
    }

    /// As the rules of then would have left it.
    private func make(_ code: LedgerFinding.Code, in scene: LedgerScene) async throws {
        let (first, second, lab) = (
            scene.runs[0].identity.workload, scene.runs[1].identity.workload, scene.runs[2].identity.workload
        )
        switch code {
        case .chargedBeforeRunning:
            try scene.tamper(
                """
                INSERT INTO transition (workload, workspace, run, at, before, state, cause)
                    SELECT id, workspace, 1, created_at - 1, 'deploying', 'stopping', 'stop_requested' FROM workload WHERE id = '\(first)'
                """)
        case .unpaidCompute: try scene.tamper("UPDATE run SET running_at = NULL, settled_minutes = 0 WHERE workload = '\(lab)'")
        case .priceOfSubmission:
            try scene.tamper(
                """
                UPDATE run SET priced_at = NULL WHERE workload = '\(first)';
                INSERT INTO tariff (number, starts_at, document, created_at)
                    SELECT 9, (SELECT running_at FROM run WHERE workload = '\(first)'),
                    json_set(document, '$.flavors[0].perHour', '7.000000'), 0 FROM tariff WHERE number = 1;
                """)
        case .givenBackTwice:
            try scene.tamper(
                """
                INSERT INTO ledger_entry (sequence, workspace, kind, counter, amount, key, at, workload, run, reference, hash)
                    SELECT (SELECT max(sequence) FROM ledger_entry) + 1, workspace, 'refund', 'revenue', 5 - sum(amount),
                    min(key) || '/refund/then', max(at), workload, run, min(key), zeroblob(32)
                    FROM ledger_entry WHERE workload = '\(first)' GROUP BY workspace, workload, run
                """)
        case .paymentTwice: try await pay(2, scene)
        case .grantTwice:
            let (now, identifiers) = (scene.clock.now(), RandomIdentifiers())
            let person = AccountRecord(
                id: identifiers.next(Account.self, at: now), login: "ada", displayName: "Ada", passwordHash: "none", isOperator: false,
                mustChangePassword: false, createdAt: now)
            let workspaces = scene.workspaces
            try await scene.store.write { db in
                try db.insert(person)
                for workspace in workspaces {
                    try db.post(.startingGrant(1000, to: workspace), at: now)
                }
            }
            for workspace in workspaces {
                try scene.tamper(
                    """
                    INSERT INTO audit_event (kind, action, subject, name, actor, at)
                        VALUES ('workspace', 'workspace_created', '\(workspace)', 'space', '\(person.id)', 0)
                    """)
            }
        case .flavorChanged:
            try scene.tamper(
                """
                UPDATE run SET priced_at = NULL WHERE workload IN ('\(first)', '\(second)');
                UPDATE run SET flavor = json_set(flavor, '$.memory', 1) WHERE workload = '\(second)';
                """)
        case .startedUnpaid:
            // The first one costs more than there is, and was let in all the same: by the rules, unlike the other.
            try await recharge(1, by: 1, scene)
            try await runAnHour(in: 1, scene)
            scene.clock.advance(by: .seconds(60))
            try await runAnHour(in: 1, scene)
        case .neverSettled:
            try scene.tamper("UPDATE run SET settled_at = NULL, settled_minutes = 0 WHERE workload = '\(first)'")
            scene.clock.advance(by: .seconds(2 * 86_400))
        case .storageUncharged:
            let now = scene.clock.now().milliseconds
            try scene.tamper(
                """
                INSERT INTO storage_meter (workspace, account, charged_day) VALUES ('\(scene.workspaces[0])', '', '2026-11-27');
                INSERT INTO storage_sample (workspace, account, hour, at, code, datasets, models, images, outputs, netdisk)
                    VALUES ('\(scene.workspaces[0])', '', \(now), \(now), 0, \(Bytes.gib(51).count), 0, 0, 0, 0);
                """)
        }
    }

    @Test(
        "each kind is found once, and settled by a correction where an amount can be told (review 11)",
        arguments: LedgerFinding.Code.allCases)
    func eachKind(code: LedgerFinding.Code) async throws {
        let scene = try await scene()
        try await make(code, in: scene)
        let found = try await findings(scene)
        #expect(found.map(\.code) == [code])
        let finding = try #require(found.first)
        let withoutAmount: Set<LedgerFinding.Code> = [.flavorChanged, .neverSettled, .storageUncharged]
        #expect((finding.amount == nil) == withoutAmount.contains(code))
        guard finding.amount != nil else { return }
        try await settle(finding, scene)
        #expect(try await findings(scene) == [])
    }

    @Test("a start is found where a budget was used up before it; one that used it up is not, nor any before the budget was set (F3)")
    func startsOverBudget() async throws {
        let scene = try await scene()
        try await recharge(1, by: 100, scene)
        try await setBudget(1, in: 1, scene)
        try await runAnHour(in: 1, scene)
        scene.clock.advance(by: .seconds(59))
        try await runAnHour(in: 1, scene)
        #expect(try await findings(scene) == [])
        scene.clock.advance(by: .seconds(60))
        try await runAnHour(in: 1, scene)
        let found = try await findings(scene)
        #expect(found.map(\.code) == [.startedUnpaid])
        let last = try #require(scene.runs.last)
        #expect(found.first?.subject == last.identity.description)
        #expect(found.first?.amount == (try last.price.amount(minutes: 60)))

        let now = scene.clock.now()
        #expect(try await scene.store.read { try $0.ledgerFindings(most: 10, at: now, isEnforced: false) } == [])
        try await setBudget(2, in: 1, scene)
        #expect(try await findings(scene) == [])
    }

    @Test("a start is found while the balance was used up, until a recharge (F3)")
    func startsInArrears() async throws {
        let scene = try await scene()
        try await recharge(1, by: 1, scene)
        try await runAnHour(in: 1, scene)
        scene.clock.advance(by: .seconds(300))
        try await runAnHour(in: 1, scene)
        _ = try await scene.ledger.recharge(
            scene.workspaces[1], by: 100, reference: "", key: scene.key("later"), caller: scene.operatorCaller)
        scene.clock.advance(by: .seconds(300))
        try await runAnHour(in: 1, scene)
        #expect(try await findings(scene).map(\.subject) == [scene.runs[4].identity.description])
    }

    @Test("what hangs in its end for a day is found while it is not charged, and never what runs (F5b)")
    func hangs() async throws {
        let scene = try await scene()
        let run = try await scene.start(in: 0)
        scene.clock.advance(by: .seconds(86_400 + 3600))
        #expect(try await findings(scene) == [])
        try scene.tamper("UPDATE workload SET state = 'stopping' WHERE id = '\(run.identity.workload)'")
        let found = try await findings(scene)
        #expect(found.map(\.code) == [.neverSettled])
        #expect(found.first?.subject == run.identity.description)
        try await scene.settleAll()
        #expect(try await findings(scene) == [])
    }

    @Test("storage is found that was measured for two days after the last one charged, and above the free amount alone (F4)")
    func storage() async throws {
        let scene = try await scene()
        try await make(.storageUncharged, in: scene)
        #expect(try await findings(scene).map(\.subject) == ["\(scene.workspaces[0])/library"])
        try scene.tamper("UPDATE storage_sample SET datasets = \(Bytes.gib(50).count)")
        #expect(try await findings(scene) == [])
        try scene.tamper("UPDATE storage_sample SET datasets = \(Bytes.gib(51).count); UPDATE storage_meter SET charged_day = '2026-11-30'")
        #expect(try await findings(scene) == [])
    }

    @Test("what is settled takes no place from what is not, however few are asked for (review 4)")
    func mostOfOpenOnes() async throws {
        let scene = try await scene()
        try await pay(3, scene)
        let all = try await findings(scene)
        try #require(all.count == 2)
        #expect(try await findings(scene, most: 1) == Array(all.prefix(1)))
        try await settle(all[0], scene)
        #expect(try await findings(scene, most: 1) == Array(all.suffix(1)))
        try await settle(all[1], scene)
        #expect(try await findings(scene, most: 1) == [])
    }
}
