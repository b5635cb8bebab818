import Foundation
import TestSupport
import Testing
import WeirEngine
import WeirModel
import WeirStore

@testable import WeirPlatform

@Suite("Whatever fails, wanted and observed become the same again")
struct FaultSimulationTests {
    /// `TEST_SEEDS=17,4711` plays these again; a failed run names its seed.
    private static let seeds: [UInt64] =
        ProcessInfo.processInfo.environment["TEST_SEEDS"]?.split(separator: ",").compactMap { UInt64($0) }
        ?? (0..<(Int(ProcessInfo.processInfo.environment["TEST_RUNS"] ?? "") ?? 16)).map { _ in .random(in: 0...999_999_999) }

    @Test(
        "random scripts with a failing engine and Weir cut off at random points leave nothing orphaned, lost or doubled",
        .timeLimit(.minutes(5)), arguments: seeds)
    func simulation(seed: UInt64) async throws {
        var simulation = try await FaultSimulation(seed: seed)
        for _ in 0..<6 { try await simulation.liveOnce() }
        let violations = try await simulation.violationsAfterCalm()
        #expect(violations.isEmpty, "seed \(seed): \(violations.joined(separator: "\n"))")
        let left = try await simulation.leftAfterDeletingAll()
        #expect(left.isEmpty, "seed \(seed), after deleting everything: \(left.joined(separator: "\n"))")
    }
}

/// One random story: several lives of Weir on one store and one engine.
struct FaultSimulation {
    private let test: TestPlatform
    private let engine: FaultyEngine
    private let tenant: TestPlatform.Tenant
    private var random: SeededRandom
    private var made: [Identifier<Workload>] = []
    private var deleted: Set<Identifier<Workload>> = []
    private var names = 0

    init(seed: UInt64) async throws {
        // The hour ends in the middle of the story.
        let day = TestDay.chosen(by: seed)
        test = try TestPlatform(clock: FastClock(factor: 200, from: day.moment(.seconds(55 * 60))), timeZone: day.zone)
        engine = FaultyEngine(test.engine, seed: seed &+ 1)
        random = SeededRandom(seed: seed)
        let platform = try await test.start()
        tenant = try await test.tenant(on: platform)
        _ = try await platform.commitment.sign(
            version: PortCommitment.version, in: tenant.workspace, by: tenant.caller)
    }

    // MARK: The script

    /// A life of Weir with a few actions, which is cut off wherever it stands; at times a few more while it is down.
    mutating func liveOnce() async throws {
        var story = self
        (story, _) = try await test.running(engine: engine) { [story] platform in
            var story = story
            for _ in 0..<Int.random(in: 1...12, using: &story.random) { try await story.step(on: platform) }
            return (story, ())
        }
        if Int.random(in: 0..<3, using: &story.random) == 0 {
            let platform = try await test.start(engine: test.engine)
            for _ in 0..<3 { try await story.step(on: platform) }
        }
        self = story
    }

    private mutating func step(on platform: Platform) async throws {
        do {
            try await act(on: platform)
        } catch let error as WeirError where [.conflict, .notFound].contains(error.category) {
            // A person asked for what does not go in this state.
        } catch is FaultyEngine.Trouble {
        } catch is CancellationError {}
        try await Task.sleep(for: .microseconds(Int.random(in: 0...8000, using: &random)))
    }

    private mutating func act(on platform: Platform) async throws {
        let caller = tenant.caller
        switch Int.random(in: 0..<20, using: &random) {
        case 0..<3:
            made.append(
                try await platform.jobs.create(
                    submission(), command: "train", timeLimit: Bool.random(using: &random) ? 60 : nil, in: tenant.project,
                    by: caller
                ).id)
        case 3..<5:
            made.append(
                try await platform.environments.create(
                    submission(), tool: nil, autoStop: Bool.random(using: &random) ? 60 : nil, in: tenant.project, by: caller
                ).id)
        case 5..<8:
            let program = Services.Program(
                command: "serve", port: 8000, replicas: Int.random(in: 1...3, using: &random))
            made.append(try await platform.services.create(submission(), program, in: tenant.project, by: caller).id)
        case 8..<10: try await withOne { _ = try await platform.workloads.stop($0, by: caller) }
        case 10..<12: try await withOne { _ = try await platform.workloads.start($0, by: caller) }
        case 12: try await withOne { _ = try await platform.workloads.restart($0, by: caller) }
        case 13: try await withOne { _ = try await platform.workloads.switchFlavor(of: $0, to: "tiny", by: caller) }
        case 14:
            guard let old = made.randomElement(using: &random) else { return }
            made.append(try await platform.jobs.rerun(old, by: caller).id)
        case 15:
            guard let id = made.randomElement(using: &random) else { return }
            try await platform.workloads.delete(id, by: caller)
            deleted.insert(id)
        case 16..<18:
            guard let instance = test.engine.present.sorted(by: { $0.instance < $1.instance }).randomElement(using: &random)
            else { return }
            test.engine.end(instance.instance, Bool.random(using: &random) ? .succeeded : .failed(.exit(code: 1)))
        case 18:
            // One that nobody has written down yet is launched again, and may be.
            guard let instance = test.engine.present.sorted(by: { $0.instance < $1.instance }).randomElement(using: &random),
                try await test.store.read({ try $0.instance(instance.instance) })?.startedAt != nil
            else { return }
            test.engine.lose(instance.instance)
        default: try await Task.sleep(for: .milliseconds(20))
        }
    }

    private mutating func submission() -> Submission {
        names += 1
        return Submission(
            name: "w\(names)", image: "weir/notebook", flavor: ["small", "tiny", "spot"].randomElement(using: &random) ?? "small")
    }

    private mutating func withOne(_ body: (Identifier<Workload>) async throws -> Void) async throws {
        if let id = made.randomElement(using: &random) { try await body(id) }
    }

    // MARK: What must hold at the end

    func violationsAfterCalm() async throws -> [String] {
        engine.calm()
        return try await test.running(engine: engine) { platform in
            try await empty { try await violations(on: platform) }
        }
    }

    func leftAfterDeletingAll() async throws -> [String] {
        try await test.running(engine: engine) { platform in
            for id in made where !deleted.contains(id) { try await platform.workloads.delete(id, by: tenant.caller) }
            return try await empty {
                var left = test.engine.present.map { "container of \($0.workload)" }
                for id in made where try await test.store.read({ try $0.workload(id) }) != nil { left.append("\(id)") }
                if try await platform.zones.held() != .none { left.append("resources are held") }
                if await !platform.dispatcher.scheduler.heldEntries.isEmpty { left.append("the queue holds resources") }
                if try await !test.store.read({ try $0.ports() }).isEmpty { left.append("a port is open") }
                if !platform.routes.portNumbers.isEmpty { left.append("a port is routed") }
                return left
            }
        }
    }

    /// Looks until there is nothing more to say, or time is up.
    private func empty(_ look: () async throws -> [String]) async throws -> [String] {
        let deadline = ContinuousClock.now + .seconds(120)
        while true {
            let seen = try await look()
            if seen.isEmpty || ContinuousClock.now > deadline { return seen }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private func violations(on platform: Platform) async throws -> [String] {
        var found: [String] = []
        let before = try await test.store.read { try $0.lastTransition() }
        let containers = Dictionary(grouping: test.engine.present, by: \.workload)
        var live: [WorkloadRecord] = []
        for id in made {
            let workload = try await test.store.read { try $0.workload(id) }
            found += try await chainViolations(of: id, workload)
            let own = containers[id] ?? []
            guard let workload else {
                if !own.isEmpty { found.append("\(id) is deleted and has containers") }
                continue
            }
            if deleted.contains(id) { found.append("\(id) was deleted and is \(workload.state)") }
            live.append(workload)
            found += try await containerViolations(of: workload, own)
            found += try await routeViolations(of: workload, platform)
        }
        for id in containers.keys where !made.contains(id) { found.append("a container belongs to \(id), which nobody made") }
        found += try await resourceViolations(live, platform)
        found += try await platform.moneyViolations(of: made)
        for (instance, launches) in Dictionary(grouping: test.engine.launches, by: \.instance) where launches.count > 1 {
            found.append("\(instance) was launched \(launches.count) times")
        }
        let after = try await test.store.read { try $0.lastTransition() }
        // A state has changed while it was looked at.
        return before == after ? found : found + ["still moving"]
    }

    private func containerViolations(of workload: WorkloadRecord, _ own: [Observation]) async throws -> [String] {
        let name = "\(workload.kind) \(workload.name) (\(workload.id))"
        let records = try await test.store.read { try $0.instancesPresent(of: workload.id) }
        switch workload.state {
        case .running:
            let up = Set(own.filter { $0.phase == .running }.map(\.instance))
            let positions = records.filter { up.contains($0.id) && $0.run == workload.run }.map(\.position).sorted()
            var found: [String] = []
            if positions != Array(0..<workload.spec.replicas) { found.append("\(name) runs with \(positions)") }
            if own.count != workload.spec.replicas { found.append("\(name) runs with \(own.count) containers") }
            if let stopAt = workload.stopAt, stopAt + .seconds(60) < test.clock.now() {
                found.append("\(name) is over its time")
            }
            return found
        case .queued, .stopped, .completed, .failed:
            return own.isEmpty && records.isEmpty
                ? [] : ["\(name) is \(workload.state) and has \(own.count) containers and \(records.count) records"]
        case .deploying, .stopping: return ["\(name) is \(workload.state) for ever"]
        }
    }

    private func routeViolations(of workload: WorkloadRecord, _ platform: Platform) async throws -> [String] {
        let name = "\(workload.kind) \(workload.name) (\(workload.id))"
        switch workload.spec.detail {
        case .job, .board: return []
        case .environment(let environment):
            let route = platform.routes.tool(environment.tool, of: workload.id, for: tenant.caller.id)
            let isOpen = if case .backend = route?.destination { true } else { false }
            return isOpen == (workload.state == .running) ? [] : ["\(name) is \(workload.state), its route \(isOpen)"]
        case .service(let service):
            let port = try await test.store.read { try $0.port(of: workload.id) }
            if (port == nil) != workload.state.isFinal { return ["\(name) is \(workload.state), its port \(port?.number ?? 0)"] }
            let backends = port.flatMap { platform.routes.port($0.number)?.route.backends.count } ?? 0
            return backends == (workload.state == .running ? service.replicas : 0)
                ? [] : ["\(name) is \(workload.state) with \(backends) backends"]
        }
    }

    private func resourceViolations(_ workloads: [WorkloadRecord], _ platform: Platform) async throws -> [String] {
        var found: [String] = []
        let sum = workloads.filter { $0.state.holdsResources }.reduce(Holdings.none) { $0 + $1.spec.holdings }
        let inStore = try await platform.zones.held()
        let inMemory = await platform.dispatcher.scheduler.heldEntries.reduce(Holdings.none) { $0 + $1.holdings }
        if inStore != sum || inMemory != sum { found.append("held: \(inStore) and \(inMemory), not \(sum)") }
        let total = try await platform.zones.total()
        if !sum.fits(in: total) { found.append("more is held than there is: \(sum)") }
        let waiting = workloads.filter { $0.state == .queued }.min { ($0.stateSince, $0.id) < ($1.stateSince, $1.id) }
        if let waiting, (sum + waiting.spec.holdings).fits(in: total) { found.append("\(waiting.id) waits though there is room") }
        return found
    }

    /// The history is a legal way through the table, and the runs say the same.
    private func chainViolations(of id: Identifier<Workload>, _ workload: WorkloadRecord?) async throws -> [String] {
        let (history, runs) = try await test.store.read { (try $0.transitions(of: id), try $0.runs(of: id)) }
        var found: [String] = []
        var state: WorkloadState?
        var run = 1
        for change in history {
            if change.before != state { found.append("\(id): \(String(describing: state)), then \(change)") }
            // Somebody wanted something else meanwhile: what was to start when it had stopped, say.
            if change.before == change.state, change.run == run { continue }
            if let before = change.before {
                // Of a deleted one the kind is not known any more.
                let kinds = workload.map { [$0.kind] } ?? [.job, .environment]
                let targets = kinds.flatMap { kind in Self.events.compactMap { try? before.after($0, kind: kind) } }
                if !targets.contains(change.state) { found.append("\(id): \(before) to \(change.state)") }
                if before.isFinal { run += 1 }
            }
            if change.run != run { found.append("\(id): run \(change.run) in place of \(run)") }
            state = change.state
        }
        if let workload, workload.state != state || workload.run != run { found.append("\(id): history ends elsewhere") }
        if runs.map(\.number).sorted() != Array(1...run) { found.append("\(id): runs \(runs.map(\.number))") }
        for record in runs {
            let changes = history.filter { $0.run == record.number }
            let end = changes.last.flatMap { $0.state.isFinal ? $0 : nil }
            let ran = changes.first { $0.state == .running }?.at
            // The history says when Weir knew of it, the record when it was.
            let isSo =
                record.queuedAt == changes.first { $0.state == .queued }?.at && record.outcome == end?.state
                && (record.endedAt == nil) == (end == nil) && (record.endedAt ?? record.queuedAt) <= (end?.at ?? record.queuedAt)
                && (ran == nil || record.runningAt.map { $0 <= ran ?? $0 } == true)
                && (record.runningAt ?? record.queuedAt) <= (record.endedAt ?? test.clock.now())
            if !isSo { found.append("\(id): run \(record.number) is \(record), the history \(changes)") }
        }
        return found
    }

    private static let events: [WorkloadEvent] = [
        .admitted, .ready, .stopWanted, .succeeded, .broke(.lost), .freed, .startWanted, .preempted, .requeued,
    ]
}
