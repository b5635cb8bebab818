import ArgumentParser
import Foundation
import TestSupport
import WeirModel
import WeirPlatform
import WeirStore

/// Settlement against a bare SQLite loop, balances from entries, verification of a year, and random operations in bulk.
struct LedgerBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger", abstract: "Settlement, rebuilding and verification of the ledger; random operations on it.")

    @Option(help: "Rounds of settlement; the median counts.") var rounds = 5
    @Option(help: "Runs that are settled in each round.") var runs = 20_000
    @Option(help: "Days of a thousand runs each that are verified.") var days = 365
    @Option(help: "Random operations in sum.") var operations = 10_000_000
    @Option(help: "Random operations on one ledger.") var perLedger = 500_000

    func run() async throws {
        Build.warn()
        try await settlement()
        try await year()
        try await random()
    }

    private func settlement() async throws {
        let population = try await LedgerPopulation()
        let (count, templates) = (runs, population.templates)
        let bare = population.test.folder.path + "/bare.sqlite"
        try await Threads.run { [path = population.path] in
            try LedgerPopulation.addRunning(count, templates: templates, to: path)
            try RawDatabase(path: path).execute("VACUUM INTO '\(bare)'")
            try RawDatabase(path: bare).execute("PRAGMA journal_mode = WAL")
        }
        let entries = try await population.test.store.read { try $0.ledgerHead() }.sequence
        let names = population.tenants.map {
            BareLedger.TenantNames(workspace: $0.workspace.text, project: $0.project.text, account: $0.caller.id.text)
        }
        // In the order of the identifiers, as Weir goes: another one would touch a page for each run.
        let order = (0..<count).map { (id: LedgerPopulation.workload($0), number: $0) }.sorted { $0.id < $1.id }
        var comparison = Comparison(
            title: "settlement of \(count) runs, batches of \(Writing.mostSettlements)", unit: "settlements/s",
            contenders: ["look, plan, enter", "bare loop", "enter alone"], goals: [.absoluteAtLeast(20_000), .atLeast(0.5)])
        for round in 0..<rounds {
            // Weir settles two hours of each round: one as its loop does, and one planned before.
            let first = LedgerPopulation.start + .seconds(3600 * (2 * round + 1))
            let whole = try await rate(count) {
                guard try await population.settle(at: first) == count else { throw RandomOperations.Broken(description: "not all") }
            }
            let base = entries + Int64(round * count)
            let peer = try await rate(count) {
                try await Threads.run { try BareLedger(path: bare, entries: base).settle(order, hour: round, tenants: names) }
            }
            comparison.add([whole, peer, try await entering(population, at: first + .seconds(3600))])
        }
        comparison.show()
    }

    /// The transactions alone, of settlements that were planned before.
    private func entering(_ population: LedgerPopulation, at now: Timestamp) async throws -> Double {
        let calendar = population.platform.calendar
        let due = try await population.test.store.read { [runs] in try $0.unsettledRuns(limit: runs) }
        let plans = try due.map { try RunSettlement($0, now: now, calendar: calendar) }
        return try await rate(plans.count) {
            for start in stride(from: 0, to: plans.count, by: Writing.mostSettlements) {
                let batch = Array(plans[start..<min(start + Writing.mostSettlements, plans.count)])
                try await population.test.store.write { _ = try $0.settle(batch, at: now) }
            }
        }
    }

    private func year() async throws {
        let population = try await LedgerPopulation()
        let (days, path, templates) = (days, population.path, population.templates)
        try await Threads.run { try LedgerPopulation.addYear(days: days, templates: templates, to: path) }
        let end = LedgerPopulation.start + .seconds(86_400 * (days + 1))
        _ = try await population.settle(at: end)
        let store = population.test.store
        let entries = Int(try await store.read { try $0.ledgerHead() }.sequence)
        let ledger = population.platform.ledger

        var rebuild = Comparison(
            title: "all balances from \(entries) entries", unit: "entries/s", contenders: ["weir"], goals: [.absoluteAtLeast(500_000)])
        for _ in 0..<3 {
            var sums: [String: Points] = [:]
            rebuild.add([try await rate(entries) { sums = try await ledger.balancesFromEntries() }])
            for (id, account) in try await store.read({ try $0.ledgerAccounts() }) where sums[id, default: 0] != account.balance {
                throw RandomOperations.Broken(description: "the balance of \(id) is not the sum of its entries")
            }
        }
        rebuild.show()

        var account = population.tenants[0].caller.account
        account.isOperator = true
        var verification = Comparison(
            title: "verification of \(days) days of \(LedgerPopulation.perDay) workloads, \(entries) entries", unit: "s",
            contenders: ["weir"], goals: [.absolute(atMost: 60)])
        let watch = Stopwatch()
        let result = try await ledger.verify(by: Caller(account))
        verification.add([watch.seconds])
        if let difference = result.difference { throw RandomOperations.Broken(description: difference.text.en) }
        verification.show()
    }

    private func random() async throws {
        var (done, seconds) = (0, 0.0)
        while done < operations {
            let population = try await LedgerPopulation()
            let templates = population.templates
            try await Threads.run { [path = population.path] in
                try LedgerPopulation.addRunning(5000, templates: templates, to: path)
            }
            let seed = UInt64.random(in: 0...999_999_999)
            var walk = try await RandomOperations(population, seed: seed)
            let (limit, watch) = (min(done + perLedger, operations), Stopwatch())
            while done < limit { done += try await walk.batch() }
            seconds += watch.seconds
            var account = population.tenants[0].caller.account
            account.isOperator = true
            let result = try await population.platform.ledger.verify(by: Caller(account))
            if let difference = result.difference { throw RandomOperations.Broken(description: "seed \(seed): \(difference.text.en)") }
        }
        print("\n  reached  \(done) random operations, \(Int(Double(done) / seconds))/s, the books right after every commit")
    }

    private func rate(_ count: Int, _ body: () async throws -> Void) async throws -> Double {
        let watch = Stopwatch()
        try await body()
        return Double(count) / watch.seconds
    }
}
