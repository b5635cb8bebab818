import Foundation
import TestSupport
import WeirModel
import WeirPlatform
import WeirStore

/// Random operations on a ledger, in batches: settlements early, late, repeated, stale and out of order, recharges and repeated recharges.
/// After every commit the sum of all balances must be zero, and each balance what the operations say.
struct RandomOperations {
    struct Broken: Error, CustomStringConvertible { let description: String }

    let population: LedgerPopulation
    private var random: SeededRandom
    private var runs: [UnsettledRun]
    private var place: [RunIdentity: Int] = [:]
    private var time: [Timestamp]
    private var balances: [Identifier<Workspace>: Int64] = [:]
    private var old: [RunSettlement] = []
    private var recharges = 0

    init(_ population: LedgerPopulation, seed: UInt64) async throws {
        self.population = population
        random = SeededRandom(seed: seed)
        runs = []
        var cursor: RunIdentity?
        while true {
            let after = cursor
            let part = try await population.test.store.read { try $0.unsettledRuns(after: after) }
            guard let last = part.last else { break }
            runs += part
            cursor = last.run.run
        }
        time = runs.map(\.run.start)
        for (index, run) in runs.enumerated() { place[run.run.run] = index }
        for tenant in population.tenants {
            balances[tenant.workspace] = try await population.test.store.read { try $0.balance(of: tenant.workspace) }.balance.micro
        }
    }

    /// Returns how many operations were made.
    mutating func batch() async throws -> Int {
        let calendar = population.platform.calendar
        var settlements: [RunSettlement] = []
        var latest = LedgerPopulation.start
        for _ in 0..<Writing.mostSettlements {
            if !old.isEmpty, Int.random(in: 0..<4, using: &random) == 0 {
                settlements.append(old[Int.random(in: 0..<old.count, using: &random)])
                continue
            }
            let index = Int.random(in: 0..<runs.count, using: &random)
            time[index] = time[index] + .milliseconds(Int64.random(in: 0...9_000_000, using: &random))
            latest = max(latest, time[index])
            settlements.append(try RunSettlement(runs[index], now: time[index], calendar: calendar))
        }
        old = Array((old.suffix(200) + settlements.suffix(20)))
        let (batch, now) = (settlements, latest)
        let result = try await population.test.store.write { try $0.settle(batch, at: now) }
        for settlement in settlements where result.applied.contains(settlement.due.run.run) {
            // Of several for one run only one that goes on where the run stands is entered.
            guard let index = place[settlement.due.run.run], settlement.due.settled == runs[index].settled else { continue }
            for charge in settlement.plan.charges { balances[settlement.due.workspace, default: 0] -= charge.amount.micro }
            runs[index] = UnsettledRun(
                run: runs[index].run, settled: settlement.plan.settled, workspace: runs[index].workspace, project: runs[index].project,
                account: runs[index].account, kind: runs[index].kind, name: runs[index].name, stopAt: nil)
        }
        try await recharge(at: now)
        try await look()
        return settlements.count + 2
    }

    private mutating func recharge(at now: Timestamp) async throws {
        let tenant = population.tenants[Int.random(in: 0..<population.tenants.count, using: &random)]
        recharges += 1
        let posting = Posting(
            workspace: tenant.workspace, kind: .recharge, counter: .payments,
            amount: Points(micro: Int64.random(in: 1...9_000_000_000, using: &random)), key: "bench/\(recharges)")
        let isNew = try await population.test.store.write { db in
            (try db.post(posting, at: now).isNew, try db.post(posting, at: now).isNew)
        }
        guard isNew == (true, false) else { throw Broken(description: "a recharge was entered \(isNew)") }
        balances[tenant.workspace, default: 0] += posting.amount.micro
    }

    private func look() async throws {
        let (sum, accounts) = try await population.test.store.read { (try $0.sumOfBalances(), try $0.ledgerAccounts()) }
        guard sum == 0 else { throw Broken(description: "the balances add up to \(sum)") }
        for (id, account) in accounts {
            guard let workspace = Identifier<Workspace>(id), let expected = balances[workspace] else { continue }
            guard account.balance.micro == expected else {
                throw Broken(description: "seed \(random.seed): \(id) has \(account.balance), not \(Points(micro: expected))")
            }
        }
    }
}
