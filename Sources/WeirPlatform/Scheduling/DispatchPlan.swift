import Foundation
import WeirModel
import WeirStore

/// A decision as it is to be written: all of it in one transaction, and only what people have not changed meanwhile.
struct DispatchPlan: Sendable {
    struct Start: Sendable {
        var workload: Identifier<Workload>
        var run: Int
        var instances: [InstanceRecord]
    }

    struct Preemption: Sendable {
        var workload: Identifier<Workload>
        var run: Int
        var forWorkload: Identifier<Workload>
    }

    var starts: [Start]
    var preemptions: [Preemption]
    var reasons: [(id: Identifier<Workload>, reason: QueueReason)]

    func write(_ db: Writing, record: DispatchRecord, limits: Limits, at now: Timestamp) throws -> Done {
        var done = Done()
        var gate = MoneyGate(limits: limits)
        for start in starts {
            guard let current = try db.read.workload(start.workload), current.state == .queued, current.wanted == .running,
                current.run == start.run
            else { continue }
            guard try isPaid(current, &gate, db, &done) else { continue }
            let changed = try db.apply(.admitted, to: current, cause: Cause("admitted"), at: now)
            for instance in start.instances { try db.insert(instance) }
            try db.setForecastCameTrue(of: start.workload, run: start.run, at: now)
            done.admitted.append((changed, start.instances))
        }
        // Nobody gives way to what would then wait for money.
        var paid: [Identifier<Workload>: Bool] = [:]
        for preemption in preemptions {
            let other = preemption.forWorkload
            if paid[other] == nil {
                let waiting = try db.read.workload(other).flatMap { $0.state == .queued && $0.wanted == .running ? $0 : nil }
                paid[other] = try waiting.map { try isPaid($0, &gate, db, &done) } ?? true
            }
            if paid[other] == false {
                done.spared.append(preemption)
            } else if try preempt(preemption, db, at: now) {
                done.preempted.append(preemption.workload)
            }
        }
        // Of what is withheld the money is the reason.
        let withheld = Set(done.withheld.map(\.id))
        for (id, reason) in reasons where !withheld.contains(id) { try db.setQueueReason(reason, of: id) }
        try record.write(db, at: now)
        return done
    }

    /// Asked here, where nothing slips in between a charge and a start (BIL-18). What is paid for counts for those after it; what is not is
    /// withheld, and says why.
    private func isPaid(_ workload: WorkloadRecord, _ gate: inout MoneyGate, _ db: Writing, _ done: inout Done) throws -> Bool {
        let starting = try Limits.Starting(waiting: workload, db.read)
        do { try gate.require(starting, db.read) } catch let error as WeirError {
            let reason = error.waitsFor ?? .balance
            try db.setQueueReason(reason, of: workload.id)
            done.withheld.append(Withheld(starting, run: workload.run, reason: reason, id: workload.id))
            return false
        }
        try gate.take(starting)
        return true
    }

    /// False when it is ending already.
    private func preempt(_ preemption: Preemption, _ db: Writing, at now: Timestamp) throws -> Bool {
        guard let current = try db.read.workload(preemption.workload), current.run == preemption.run, current.wanted == .running,
            current.state == .running || current.state == .deploying
        else { return false }
        try db.apply(.preempted, to: current, cause: Cause("preempted"), at: now)
        let flavor = current.spec.flavor
        try db.insert(
            PreemptionRecord(
                workload: current.id, run: current.run, at: now, workspace: current.workspace, forWorkload: preemption.forWorkload,
                flavor: flavor.name, price: try db.read.flavorPrice(flavor.name, at: now),
                regularPrice: try db.read.regularPrice(of: flavor, at: now)))
        return true
    }
}

/// What of a plan came to be.
struct Done: Sendable {
    var admitted: [(workload: WorkloadRecord, instances: [InstanceRecord])] = []
    var preempted: [Identifier<Workload>] = []
    var withheld: [Withheld] = []
    /// What was to give way to one of those, and goes on.
    var spared: [DispatchPlan.Preemption] = []
}

/// A workload that waits for money. The policy does not know it, so that it takes nobody's turn.
struct Withheld: Sendable {
    let id: Identifier<Workload>
    let run: Int
    let starting: Limits.Starting
    let reason: QueueReason

    init(_ starting: Limits.Starting, run: Int, reason: QueueReason, id: Identifier<Workload>) {
        (self.id, self.run, self.starting, self.reason) = (id, run, starting, reason)
    }
}

/// Lines for the record of scheduling, encoded outside of the transaction.
struct DispatchRecord: Sendable {
    private let turn: String?
    private let snapshot: String?

    init(turn: SchedulingTurn?, snapshot: SchedulerSnapshot? = nil) throws {
        self.turn = try turn.map(Self.text)
        self.snapshot = try snapshot.map(Self.text)
    }

    func write(_ db: Writing, at now: Timestamp) throws {
        if let turn { try db.record(.turn, turn, at: now) }
        if let snapshot { try db.record(.snapshot, snapshot, at: now) }
    }

    static func text(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}

extension Reading {
    /// For an hour of an instance; nil when there is no price.
    fileprivate func flavorPrice(_ name: String, at now: Timestamp) throws -> Points? {
        try prices(at: now).first { $0.flavor == name }?.perHour
    }

    /// The cheapest flavor of the same size that never gives way.
    fileprivate func regularPrice(of flavor: Flavor, at now: Timestamp) throws -> Points? {
        let same = Set(try flavors().filter { !$0.isPreemptible && $0.demand == flavor.demand }.map(\.name))
        return try prices(at: now).filter { same.contains($0.flavor) }.map(\.perHour).min()
    }

    private func prices(at now: Timestamp) throws -> [FlavorPrice] {
        try tariffNumber(at: now).flatMap { try tariff(number: $0) }?.flavors ?? []
    }
}
