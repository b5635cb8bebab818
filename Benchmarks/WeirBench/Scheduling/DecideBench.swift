import ArgumentParser
import TestSupport
import WeirModel

/// How long a decision of the queue takes, event by event, and whether quotas hold at every instant of a long random run.
struct DecideBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decide", abstract: "Decisions of the queue, event by event; with --events, quotas over a random run.")

    @Option(help: "Nodes of the zone.") var nodes = 1213
    @Option(help: "How many wait while it is measured.") var waiting = 10_000
    @Option(help: "How many different demands there are.") var demands = 40
    @Option(help: "How many workspaces there are, of five people each.") var workspaces = 100
    @Option(help: "Decisions that are timed.") var decisions = 2000
    @Option(help: "A random run of so many events in which each start is checked against the quotas.") var events = 0
    @Option(help: "The seed of everything random.") var seed: UInt64 = 7

    func run() async throws {
        Build.warn()
        if events > 0 { try checkQuotas() } else { try time() }
    }

    private func time() throws {
        var load = QueueLoad(seed: seed, nodes: nodes, demands: demands, workspaces: workspaces)
        var scheduler = Scheduler(nodes: load.nodes)
        for workspace in load.workspaces.indices where workspace % 2 == 0 {
            scheduler.apply(.quota(load.workspaces[workspace], Quota(gpu: 200_000, instances: 300)), at: load.moment)
        }
        var running: [Identifier<Workload>] = []
        func note(_ decisions: [SchedulingDecision]) {
            for decision in decisions { if case .start(let id, _) = decision { running.append(id) } }
        }
        while scheduler.waitingCount < waiting {
            load.now += 10
            for _ in 0..<50 { scheduler.apply(.arrived(load.entry()), at: load.moment) }
            note(scheduler.decide(at: load.moment))
        }
        var times: [Double] = []
        for round in 0..<decisions {
            load.now += 1000
            if round % 2 == 0, !running.isEmpty {
                let index = Int.random(in: 0..<running.count, using: &load.random)
                running.swapAt(index, running.count - 1)
                scheduler.apply(.ended(running.removeLast(), at: load.moment), at: load.moment)
            } else {
                scheduler.apply(.arrived(load.entry()), at: load.moment)
            }
            let watch = Stopwatch()
            let made = scheduler.decide(at: load.moment)
            times.append(watch.milliseconds)
            note(made)
        }
        times.sort()
        print("\(scheduler.waitingCount) wait, \(scheduler.runningCount) run on \(nodes) nodes, \(demands) different demands, seed \(seed)")
        print(
            "a decision: median \(times[times.count / 2]) ms, p99 \(times[times.count * 99 / 100]) ms, longest \(times[times.count - 1]) ms"
        )
        print("goal: at most 10 ms")
    }

    private func checkQuotas() throws {
        var load = QueueLoad(seed: seed, nodes: min(nodes, 40), demands: demands, workspaces: min(workspaces, 20))
        var scheduler = Scheduler(nodes: load.nodes)
        var book = QuotaBook()
        let watch = Stopwatch()
        for _ in 0..<events {
            load.now += Int64.random(in: 0...60_000, using: &load.random)
            let kind = Int.random(in: 0..<100, using: &load.random)
            if kind < 2 {
                let workspace = load.workspaces[Int.random(in: 0..<load.workspaces.count, using: &load.random)]
                let quota = Quota(
                    cpu: Int.random(in: 50_000...400_000, using: &load.random), gpu: Int.random(in: 1000...40_000, using: &load.random))
                book.quotas[workspace] = quota
                scheduler.apply(.quota(workspace, quota), at: load.moment)
            } else if kind < 4 {
                let person = Int.random(in: 0..<load.accounts.count, using: &load.random)
                let quota = Quota(
                    gpuMemory: .gib(Int64.random(in: 32...400, using: &load.random)), instances: Int.random(in: 2...30, using: &load.random)
                )
                book.personQuotas[load.accounts[person]] = quota
                scheduler.apply(.personQuota(load.workspaces[person / QueueLoad.peopleEach], load.accounts[person], quota), at: load.moment)
            } else if kind < 52 && scheduler.waitingCount < 300 {
                let entry = load.entry()
                book.entries[entry.id] = entry
                scheduler.apply(.arrived(entry), at: load.moment)
            } else if let id = book.takeRunning(&load.random) {
                scheduler.apply(.ended(id, at: load.moment), at: load.moment)
            }
            for case .start(let id, _) in scheduler.decide(at: load.moment) { book.start(id) }
        }
        print("\(events) events in \(watch.milliseconds / 1000) s: \(book.starts) starts, \(book.violations) above a quota, seed \(seed)")
        guard book.violations == 0 else { throw Tool.Failure(description: "quotas do not hold") }
    }
}

/// What is held, counted apart from the scheduler.
private struct QuotaBook {
    var quotas: [Identifier<Workspace>: Quota] = [:]
    var personQuotas: [Identifier<Account>: Quota] = [:]
    var entries: [Identifier<Workload>: QueueEntry] = [:]
    var starts = 0
    var violations = 0
    private var running: [Identifier<Workload>] = []
    private var byWorkspace: [Identifier<Workspace>: Holdings] = [:]
    private var byPerson: [Identifier<Account>: Holdings] = [:]

    mutating func start(_ id: Identifier<Workload>) {
        guard let entry = entries[id] else { return violations += 1 }
        starts += 1
        running.append(id)
        byWorkspace[entry.workspace, default: .none] += entry.holdings
        byPerson[entry.account, default: .none] += entry.holdings
        let isAbove =
            quotas[entry.workspace]?.firstExceeded(by: byWorkspace[entry.workspace] ?? .none) != nil
            || personQuotas[entry.account]?.firstExceeded(by: byPerson[entry.account] ?? .none) != nil
        if isAbove { violations += 1 }
    }

    /// Any of those that run, which then does not run any more.
    mutating func takeRunning(_ random: inout SeededRandom) -> Identifier<Workload>? {
        guard !running.isEmpty else { return nil }
        running.swapAt(Int.random(in: 0..<running.count, using: &random), running.count - 1)
        let id = running.removeLast()
        guard let entry = entries.removeValue(forKey: id) else { return id }
        byWorkspace[entry.workspace, default: .none] -= entry.holdings
        byPerson[entry.account, default: .none] -= entry.holdings
        return id
    }
}
