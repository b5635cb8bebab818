import Foundation
import TestSupport
import WeirEngine
import WeirModel
import WeirStore

@testable import WeirPlatform

/// The things that can happen to workloads as far as their money goes.
enum MoneyStep: Sendable {
    case submit(Kind, flavor: String)
    /// Of what there is: by its number.
    case stop(Int), start(Int), delete(Int)
    /// Its program ends.
    case end(Int, fails: Bool)
    /// The container comes up although it was told to stop meanwhile.
    case comeUpLate(Int)
    case answer(Bool)
    case publish(factor: Int64)
    case balance(Int64)
    case budget(limit: Int64, stops: Bool)
    case pass(seconds: Int)
    case hour

    enum Kind: Sendable, CaseIterable { case job, environment, service }

    static func random(_ random: inout SeededRandom) -> MoneyStep {
        func pick(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }
        switch pick(30) {
        case 0...6: return .submit(Kind.allCases[pick(3)], flavor: ["small", "tiny", "spot", "spot"][pick(4)])
        case 7, 8: return .stop(pick(20))
        case 9: return .start(pick(20))
        case 10: return .delete(pick(20))
        case 11, 12, 13: return .end(pick(20), fails: Bool.random(using: &random))
        case 14: return .comeUpLate(pick(20))
        case 15, 16: return .answer(Bool.random(using: &random))
        case 17: return .publish(factor: .random(in: 1...9, using: &random))
        case 18: return .balance(.random(in: -2...30, using: &random) * 500_000)
        case 19: return .budget(limit: .random(in: 0...20, using: &random) * 500_000, stops: Bool.random(using: &random))
        case 20, 21, 22: return .hour
        default: return .pass(seconds: .random(in: 1...2500, using: &random))
        }
    }
}

/// Lives of workloads, driven by hand, and what they must have cost by an oracle that knows the engine's times and the rules alone.
final class MoneyLife {
    private let test: TestPlatform
    private let clock: ManualClock
    private let platform: Platform
    private let tenant: TestPlatform.Tenant
    private var made: [WorkloadRecord] = []
    private var lists: [(from: Timestamp, factor: Int64)] = []

    struct Broken: Error, CustomStringConvertible {
        let description: String
        init(_ text: String) { description = text }
    }

    init(on day: TestDay) async throws {
        clock = day.clock(after: .seconds(600))
        test = try TestPlatform(clock: clock, timeZone: day.zone)
        platform = try await test.start()
        tenant = try await test.tenant(on: platform)
        _ = try await platform.commitment.sign(version: PortCommitment.version, in: tenant.workspace, by: tenant.caller)
        lists = [(clock.now(), 1)]
    }

    func take(_ steps: [MoneyStep]) async throws {
        for step in steps {
            try await take(step)
            try await settleDown()
            try await look()
        }
        try await finish()
    }

    // MARK: Steps

    private func take(_ step: MoneyStep) async throws {
        do {
            switch step {
            case .submit(let kind, let flavor): made.append(try await submit(kind, flavor))
            case .stop(let index): try await each(index) { _ = try await platform.workloads.stop($0.id, by: tenant.caller) }
            case .start(let index): try await each(index) { _ = try await platform.workloads.start($0.id, by: tenant.caller) }
            case .delete(let index): try await each(index) { try await platform.workloads.delete($0.id, by: tenant.caller) }
            case .end(let index, let fails):
                try await each(index) { test.engine.endInstances(of: $0.id, fails ? .failed(.exit(code: 1)) : .succeeded) }
            case .comeUpLate(let index): try await each(index, comeUpLate)
            case .answer(let isHealthy): test.health.set(isHealthy)
            case .publish(let factor):
                clock.advance(by: .seconds(1))
                var list = Tariff(of: TestPlatform.flavors, environment: .standard)
                list.flavors = list.flavors.map { FlavorPrice(flavor: $0.flavor, perHour: Points(micro: $0.perHour.micro * factor)) }
                list.startsAt = clock.now()
                _ = try await platform.tariffs.publish(list, by: .testOperator)
                lists.append((clock.now(), factor))
            case .balance(let micro):
                try await test.setBalance(Points(micro: micro), of: tenant.workspace)
                _ = try await platform.dispatcher.learnMoney(of: tenant.workspace)
            case .budget(let limit, let stops):
                _ = try await platform.budgets.set(
                    Budget(limit: Points(micro: limit), warnings: [], atLimit: stops ? .stop : .refuse), for: .project(tenant.project),
                    in: tenant.workspace, by: tenant.caller)
                _ = try await platform.dispatcher.learnMoney(of: tenant.workspace)
            case .pass(let seconds): clock.advance(by: .seconds(seconds))
            case .hour:
                clock.advance(by: BillingCalendar.nextHour(after: clock.now()) - clock.now())
                try await platform.settlement.settleHour()
                _ = try await platform.dispatcher.learnMoney(of: nil)
            }
        } catch is WeirError {
            // Refused: that changes nothing, which the looks show.
        }
    }

    private func submit(_ kind: MoneyStep.Kind, _ flavor: String) async throws -> WorkloadRecord {
        let name = "w\(made.count)"
        return switch kind {
        // Every other one has a limit, which passes long before it is looked at.
        case .job: try await tenant.job(name, flavor: flavor, timeLimit: made.count % 2 == 0 ? 600 : nil, on: platform)
        case .environment:
            try await platform.environments.create(
                tenant.submission(name, flavor: flavor), tool: nil, autoStop: made.count % 2 == 0 ? 900 : nil, in: tenant.project,
                by: tenant.caller)
        case .service:
            try await platform.services.create(
                tenant.submission(name, flavor: flavor), Services.Program(command: "serve", port: 80, startLimit: 3600), in: tenant.project,
                by: tenant.caller)
        }
    }

    private func each(_ index: Int, _ body: (WorkloadRecord) async throws -> Void) async throws {
        guard !made.isEmpty else { return }
        try await body(made[index % made.count])
    }

    /// Let in, told to the engine, and stopped before that has brought it up.
    private func comeUpLate(_ workload: WorkloadRecord) async throws {
        await platform.reconciler.admit()
        guard let now = try await test.store.read({ try $0.workload(workload.id) }), now.state == .deploying,
            let instance = try await test.store.read({ try $0.instancesPresent(of: workload.id) }).first(where: { $0.startedAt == nil })
        else { return }
        let launch = try await platform.reconciler.plan(instance, now)
        _ = try await platform.workloads.stop(workload.id, by: tenant.caller)
        clock.advance(by: .seconds(2))
        _ = try await test.engine.launch(launch)
        clock.advance(by: .seconds(3))
    }

    /// Passes over all that lives until nothing more happens at this moment.
    private func settleDown() async throws {
        for _ in 0..<6 {
            let before = try await count()
            await platform.reconciler.admit()
            for workload in made { _ = try await platform.reconciler.reconcile(workload.id) }
            if try await count() == before { break }
        }
        try await platform.settlement.settleEnds()
        _ = try await platform.dispatcher.learnMoney(of: nil)
    }

    private func count() async throws -> Int {
        try await test.store.read { [made] db in try made.reduce(0) { try $0 + db.transitions(of: $1.id).count } }
    }

    // MARK: What must hold

    /// At every moment: no program runs for nothing beyond its grace, and nothing is charged that does not run.
    private func look() async throws {
        let now = clock.now()
        for workload in made {
            for run in try await test.store.read({ try $0.runs(of: workload.id) }) {
                let name = "\(workload.name)/\(run.number)"
                let instances = try await test.store.read { try $0.instances(of: workload.id, run: run.number) }
                let starts = instances.compactMap(\.startedAt)
                if run.runningAt == nil, try await test.charged(workload.id, run: run.number) != 0 {
                    throw Broken("\(name) is charged and does not run")
                }
                if let start = run.runningAt, starts.allSatisfy({ $0 > start }) { throw Broken("\(name) runs before its program") }
                for instance in instances where run.runningAt == nil && instance.endedAt == nil {
                    guard let start = instance.startedAt, now - start > StartGrace.standard else { continue }
                    throw Broken("\(name) has computed for \(now - start) for nothing")
                }
            }
        }
    }

    private func finish() async throws {
        for workload in made {
            do { _ = try await platform.workloads.stop(workload.id, by: tenant.caller) } catch is WeirError {}
        }
        try await settleDown()
        clock.advance(by: .seconds(60))
        try await settleDown()
        let graces = try await graces()
        var prices: [RunIdentity: Int64] = [:]
        for workload in made {
            let history = try await test.store.read { try $0.transitions(of: workload.id) }
            for run in try await test.store.read({ try $0.runs(of: workload.id) }).reversed() {
                let due = try await due(run, of: workload, history.filter { $0.run == run.number }, graces, &prices)
                let charged = try await test.charged(workload.id, run: run.number)
                guard due == charged else { throw Broken("\(workload.name)/\(run.number) is charged \(charged), due are \(due)") }
            }
        }
        let now = clock.now()
        let unpaid = try await test.store.read { try $0.ledgerFindings(most: 10, at: now) }.filter { $0.code == .startedUnpaid }
        guard unpaid.isEmpty else { throw Broken("started without money: \(unpaid.map(\.subject))") }
        let violations = try await platform.moneyViolations(of: made.map(\.id))
        guard violations.isEmpty else { throw Broken(violations.joined(separator: "; ")) }
    }

    /// The grace that each run had: what its person has left of five in the hour before it was seen to answer, was charged or ended.
    private func graces() async throws -> [RunIdentity: Duration] {
        struct Decision {
            let sequence: Int64
            let at: Timestamp
            let run: RunIdentity
            let replicas: Int
            /// Of what ended before it was ready.
            let end: Timestamp?
            let last: Timestamp?
            let computed: Int64
        }
        var decisions: [Decision] = []
        for workload in made where workload.kind != .job {
            let history = try await test.store.read { try $0.transitions(of: workload.id) }
            for run in try await test.store.read({ try $0.runs(of: workload.id) }) {
                let own = history.filter { $0.run == run.number }
                let decided = own.first { ["ready", "charged_unready"].contains($0.cause) || $0.state.isFinal }
                guard let decided else { continue }
                let asked = own.first { $0.state == .stopping }?.at
                let instances = try await test.store.read { try $0.instances(of: workload.id, run: run.number) }
                let starts = instances.filter { $0.attempt == 0 }.compactMap(\.startedAt)
                let computed = instances.reduce(Int64(0)) { sum, instance in
                    guard let start = instance.startedAt, let end = instance.endedAt else { return sum }
                    return sum + max(0, (end - start).milliseconds)
                }
                decisions.append(
                    Decision(
                        sequence: decided.sequence, at: decided.at, run: RunIdentity(workload: workload.id, number: run.number),
                        replicas: workload.spec.replicas, end: decided.state.isFinal ? instances.compactMap(\.endedAt).max() : nil,
                        last: starts.filter { start in asked.map { start <= $0 } ?? true }.max(), computed: computed))
            }
        }
        var graces: [RunIdentity: Duration] = [:]
        var free: [(end: Timestamp, computed: Int64)] = []
        for decision in decisions.sorted(by: { $0.sequence < $1.sequence }) {
            let used = free.filter { $0.end > decision.at - .seconds(3600) }.reduce(Int64(0)) { $0 + $1.computed }
            let left = max(0, 5 * StartGrace.standard.milliseconds - used) / Int64(decision.replicas)
            let grace = min(StartGrace.standard, .milliseconds(left))
            graces[decision.run] = grace
            guard let end = decision.end else { continue }
            if let last = decision.last, last + grace < end { continue }
            free.append((end, decision.computed))
        }
        return graces
    }

    /// By the rules: from the start of a program, or its first answer within the grace, to its end or its limit, at the list of the
    /// start; a task that gave way goes on at the price that it began with.
    private func due(
        _ run: RunRecord, of workload: WorkloadRecord, _ history: [TransitionRecord], _ graces: [RunIdentity: Duration],
        _ prices: inout [RunIdentity: Int64]
    ) async throws -> Points {
        let instances = try await test.store.read { try $0.instances(of: workload.id, run: run.number) }
        let asked = history.first { $0.state == .stopping }?.at
        let first = instances.filter { $0.attempt == 0 }.compactMap(\.startedAt).filter { start in asked.map { start <= $0 } ?? true }.max()
        // One that was to take the place of another and never started has computed nothing.
        guard let first, let end = instances.filter({ $0.startedAt != nil }).compactMap(\.endedAt).max() else { return 0 }
        var start = first
        if workload.kind != .job {
            let ready = history.first { $0.cause == "ready" }?.at
            start = min(ready ?? end, first + (graces[RunIdentity(workload: workload.id, number: run.number)] ?? StartGrace.standard))
            guard ready != nil || start < end else { return 0 }
        }
        let identity = RunIdentity(workload: workload.id, number: run.number)
        let before = RunIdentity(workload: workload.id, number: run.number - 1)
        let goesOn = try await test.store.read { try $0.transitions(of: workload.id) }.contains {
            $0.run == run.number && $0.cause == "requeued"
        }
        let list = lists.last { $0.from <= start }?.factor ?? 1
        let factor = goesOn ? prices[before] ?? list : list
        prices[identity] = factor
        let over = min(end, workload.spec.runLimit.map { start + .seconds($0) } ?? end)
        let minutes = max(0, ((over - start).milliseconds + 59_999) / 60_000)
        let flavor = run.flavor
        if workload.kind == .environment {
            // The list has one price for parts, whatever flavors cost.
            let parts = PartPrices.standard
            let hourly =
                Int64(flavor.cpu) * parts.cpuCore.micro / 1000 + flavor.memory.count / (1 << 30) * parts.memoryGiB.micro
                + flavor.scratch.count / (1 << 30) * parts.scratchGiB.micro
            return Points(micro: hourly * minutes / 60)
        }
        return Points(micro: flavor.pricePerHour.micro * factor * minutes / 60)
    }
}
