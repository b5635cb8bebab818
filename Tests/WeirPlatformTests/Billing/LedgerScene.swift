import Foundation
import GRDB
import TestSupport
import WeirModel
import WeirStore

@testable import WeirPlatform

/// A store with workspaces whose workloads run from and to the moments that a test names, without a Reconciler.
final class LedgerScene {
    static let flavor = Flavor(
        name: "half-gpu", cpu: 2000, memory: .gib(3), scratch: .gib(1),
        gpu: GPUShare(kind: "nvidia.com/gpu", compute: 500, memory: .gib(7)), pricePerHour: Points(micro: 1_234_567))

    struct Run: Sendable {
        let identity: RunIdentity
        let workspace: Int
        let instance: Identifier<Instance>
        let spec: WorkloadSpec
        let price: RunPrice
        let start: Timestamp
        var end: Timestamp?
    }

    let folder: TemporaryFolder
    let clock: ManualClock
    let calendar: BillingCalendar
    let workspaces: [Identifier<Workspace>]
    let projects: [Identifier<Project>]
    let operatorCaller: Caller
    private(set) var store: Store
    private(set) var runs: [Run] = []
    private let identifiers = RandomIdentifiers()

    var ledger: Ledger { Ledger(store: store, clock: clock, calendar: calendar, startingGrant: 1000) }
    var tariffs: Tariffs { Tariffs(store: store, clock: clock) }
    var vouchers: Vouchers { Vouchers(store: store, clock: clock, identifiers: identifiers) }

    init(workspaces count: Int = 2, zone: String = "Asia/Shanghai", at start: String = "2026-11-30T15:10:00Z") async throws {
        folder = try TemporaryFolder("weir-ledger")
        clock = ManualClock(start)
        calendar = try BillingCalendar(zone: zone)
        store = try Store(path: folder.path + "/weir.sqlite")
        let (now, identifiers) = (clock.now(), RandomIdentifiers())
        let account = AccountRecord(
            id: identifiers.next(Account.self, at: now), login: "operator", displayName: "operator", passwordHash: "none",
            isOperator: true, mustChangePassword: false, createdAt: now)
        operatorCaller = Caller(account)
        let pairs = (0..<count).map { _ in (identifiers.next(Workspace.self, at: now), identifiers.next(Project.self, at: now)) }
        (workspaces, projects) = (pairs.map(\.0), pairs.map(\.1))
        var list = Tariff(of: [Self.flavor])
        list.startsAt = now
        let prices = list
        try await store.write { db in
            try db.setBillingZone(zone)
            _ = try db.publish(prices, at: now)
            try db.insert(account)
            for (index, (workspace, project)) in pairs.enumerated() {
                let name = try Name("space-\(index)")
                try db.insert(WorkspaceRecord(id: workspace, name: name.text, createdAt: now), name: name)
                try db.setRole(.owner, of: account.id, in: workspace, at: now)
                try db.insert(
                    ProjectRecord(
                        id: project, workspace: workspace, name: name, description: "", tags: [], createdBy: account.id,
                        createdAt: now), name: name)
            }
        }
    }

    convenience init(workspaces count: Int, on day: TestDay) async throws {
        try await self.init(workspaces: count, zone: day.zone, at: day.moment(.seconds(600)).description)
    }

    /// What a kill and a new start leave: the file.
    func reopen() throws {
        try store.close()
        store = try Store(path: folder.path + "/weir.sqlite")
    }

    // MARK: Running

    @discardableResult
    func start(in workspace: Int, environment: Bool = false, flavor: Flavor = LedgerScene.flavor) async throws -> Run {
        let now = clock.now()
        let detail: WorkloadSpec.Detail =
            environment
            ? .environment(EnvironmentDetail(tool: "jupyterlab", autoStop: nil))
            : .job(JobDetail(command: "true", code: TreeName(identifiers.next(Tree.self, at: now))))
        let spec = WorkloadSpec(image: PinnedImage(reference: "weir/python", digest: "sha256:1"), flavor: flavor, detail: detail)
        let id = identifiers.next(Workload.self, at: now)
        let name = try Name(id.text)
        let record = WorkloadRecord(
            id: id, workspace: workspaces[workspace], project: projects[workspace], name: name, description: "",
            createdBy: operatorCaller.id, createdAt: now, spec: spec, secret: "s")
        let instance = InstanceRecord(
            id: identifiers.next(Instance.self, at: now), workload: id, run: 1, position: 0, attempt: 0, createdAt: now)
        let prepared = try await tariffs.prepared(spec, at: now)
        let price = try await tariffs.inForce(at: now).price(of: spec)
        let new = try NewWorkload(record, name: name, price: prepared)
        try await store.write { db in
            try db.insert(new, cause: Cause("submitted"))
            try db.insert(instance)
            try db.apply(.admitted, to: record, cause: Cause("admitted"), at: now)
            try db.setStarted(instance.id, at: now, address: nil)
            try db.apply(.ready, to: record, cause: Cause("ready"), at: now)
        }
        let run = Run(
            identity: RunIdentity(workload: id, number: 1), workspace: workspace, instance: instance.id, spec: spec, price: price,
            start: now, end: nil)
        runs.append(run)
        return run
    }

    /// Ends a run at a moment that may be past, as when Weir was down.
    func end(_ index: Int, at end: Timestamp) async throws {
        let run = runs[index]
        let now = clock.now()
        try await store.write { db in
            guard let record = try db.read.workload(run.identity.workload) else { throw WeirError.notFound("workload") }
            try db.setEnded(run.instance, at: end, failure: nil)
            try db.apply(.stopWanted, to: record, cause: Cause("stop_requested"), at: now)
            try db.apply(.freed, to: record, cause: Cause("freed"), at: now)
        }
        runs[index].end = end
    }

    /// What is due now, by what the store says now.
    func due() async throws -> [RunSettlement] {
        let (now, calendar) = (clock.now(), calendar)
        return try await store.read { try $0.unsettledRuns() }.map { try RunSettlement($0, now: now, calendar: calendar) }
    }

    @discardableResult
    func settle(_ settlements: [RunSettlement]) async throws -> SettledBatch {
        let now = clock.now()
        return try await store.write { try $0.settle(settlements, at: now) }
    }

    /// Settles until nothing is due.
    func settleAll() async throws {
        while true {
            let due = try await due().filter { !$0.isEmpty }
            if due.isEmpty { return }
            guard try await !settle(due).applied.isEmpty else { throw Broken("what is due cannot be entered") }
        }
    }

    func balance(_ workspace: Int) async throws -> Points {
        let id = workspaces[workspace]
        return try await store.read { try $0.balance(of: id) }.balance
    }

    func key(_ text: String) throws -> IdempotencyKey { try IdempotencyKey(text, request: text) }

    /// Changes the file behind Weir's back, without its triggers.
    func tamper(_ sql: String) throws {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        let queue = try DatabaseQueue(path: folder.path + "/weir.sqlite", configuration: configuration)
        try queue.write { db in
            try db.execute(sql: "DROP TRIGGER IF EXISTS ledger_entry_update; DROP TRIGGER IF EXISTS ledger_entry_delete")
            try db.execute(sql: sql)
            guard db.totalChangesCount > 0 else { throw Broken("nothing was changed by \(sql)") }
        }
        try queue.close()
    }

    struct Broken: Error, CustomStringConvertible {
        let description: String
        init(_ text: String) { description = text }
    }
}
