import TestSupport
import Testing
import WeirModel
import WeirStore

@testable import WeirPlatform

@Suite("Quotas of workspaces and people")
struct QuotaTests {
    private let root = Caller.testOperator

    @Test("a request above the quota itself is refused at once; one within it is taken, also when it is full now (QUO-03)")
    func refused() async throws {
        let test = try TestPlatform()
        try await test.running { platform in
            let ada = try await test.tenant(on: platform)
            try await platform.quotas.set(Allowance(quota: Quota(cpu: 1500)), of: .workspace, in: ada.workspace, by: root)
            // The small flavor has two cores.
            let error = await #expect(throws: WeirError.self) { try await ada.job("large", on: platform) }
            #expect(error?.code == "above_quota")
            #expect(error?.subject == "cpu")
            let quote = try await platform.quotes.quote(
                Quotes.Request(kind: .job, flavor: "small"), in: ada.project, for: ada.caller)
            #expect(quote.refusal?.code == "above_quota")

            try await platform.quotas.set(Allowance(quota: Quota(cpu: 2000)), of: .workspace, in: ada.workspace, by: root)
            let first = try await ada.job("first", on: platform)
            let second = try await ada.job("second", on: platform)
            try await platform.wait(for: first, toBe: .running)
            #expect(second.state == .queued)
            let standing = try await platform.quotas.standing(of: ada.workspace, page: PageRequest(), for: ada.caller)
            #expect(standing.standing.held.cpu + standing.standing.waiting.cpu == 4000)
            #expect(standing.people.items.map(\.login) == ["ada"])
        }
    }

    @Test("a personal quota caps the person and no other, and everyone's holds where there is none of one's own (QUO-03)")
    func personal() async throws {
        let test = try TestPlatform()
        let platform = try await test.start()
        let ada = try await test.tenant(on: platform)
        let bob = try await test.tenant("bob", on: platform)
        _ = try await platform.workspaces.setRole(.member, ofLogin: "bob", in: ada.workspace, by: ada.caller)
        try await platform.quotas.set(Allowance(quota: Quota(instances: 0)), of: .everyone, in: ada.workspace, by: ada.caller)
        try await platform.quotas.set(.plain, of: .account(ada.caller.id), in: ada.workspace, by: ada.caller)

        _ = try await ada.job("mine", on: platform)
        let error = await #expect(throws: WeirError.self) {
            try await platform.jobs.create(
                ada.submission("his"), command: "true", timeLimit: nil, in: ada.project, by: bob.caller)
        }
        #expect(error?.code == "above_quota")
        #expect(error?.remedy?.en.contains("owner or administrator") == true)
        // In his own workspace he has no limit.
        _ = try await bob.job("own", on: platform)

        // What the queue reads.
        let (his, hers) = try await test.store.read { db in
            (try db.allowances(of: bob.caller.id, in: ada.workspace), try db.allowances(of: ada.caller.id, in: ada.workspace))
        }
        #expect(his.person.quota == Quota(instances: 0))
        #expect(hers.person.quota == .unlimited)
    }

    @Test("the operator sets a workspace's quota, an administrator a person's, and each change is on the record (QUO-06)")
    func who() async throws {
        let test = try TestPlatform()
        let platform = try await test.start()
        let ada = try await test.tenant(on: platform)
        let bob = try await test.tenant("bob", on: platform)
        let quotas = platform.quotas
        let allowance = Allowance(quota: Quota(gpu: 500), weight: 300)

        await #expect(throws: WeirError.operatorOnly()) {
            try await quotas.set(allowance, of: .workspace, in: ada.workspace, by: ada.caller)
        }
        await #expect(throws: WeirError.notFound("workspace")) {
            try await quotas.set(allowance, of: .everyone, in: ada.workspace, by: bob.caller)
        }
        _ = try await platform.workspaces.setRole(.member, ofLogin: "bob", in: ada.workspace, by: ada.caller)
        await #expect(throws: WeirError.forbidden(.setLimits)) {
            try await quotas.set(allowance, of: .everyone, in: ada.workspace, by: bob.caller)
        }
        await #expect(throws: WeirError.operatorOnly()) { try await quotas.all(PageRequest(), by: ada.caller) }

        try await quotas.set(allowance, of: .workspace, in: ada.workspace, by: root)
        try await quotas.set(allowance, of: .account(bob.caller.id), in: ada.workspace, by: ada.caller)
        try await quotas.set(nil, of: .account(bob.caller.id), in: ada.workspace, by: ada.caller)
        let changes = try await quotas.changes(in: ada.workspace, PageRequest(), for: bob.caller).items
        #expect(changes.map(\.actor) == [ada.caller.id, ada.caller.id, root.id])
        #expect(changes.map { $0.after == nil } == [true, false, false])

        let all = try await quotas.all(PageRequest(), by: root).items
        #expect(all.first { $0.0.id == ada.workspace }?.1.allowance == allowance)
        #expect(all.first { $0.0.id == bob.workspace }?.1.own == nil)
        // What the queue reads: the person's own is gone, the workspace's is what it was set to.
        let known = try await test.store.read { try $0.allowances(of: bob.caller.id, in: ada.workspace) }
        #expect(known.workspace.quota == allowance.quota)
        #expect(known.workspace.weight == 300)
        #expect(known.person == .plain)
    }

    @Test("a member may not ask for a high priority unless allowed to; what is asked for is in the definition (QUO-07)")
    func priority() async throws {
        let test = try TestPlatform()
        let platform = try await test.start()
        let ada = try await test.tenant(on: platform)
        let bob = try await test.tenant("bob", on: platform)
        _ = try await platform.workspaces.setRole(.member, ofLogin: "bob", in: ada.workspace, by: ada.caller)
        func submit(_ name: String, _ priority: PriorityClass, by caller: Caller) async throws -> WorkloadRecord {
            var submission = ada.submission(name)
            submission.priority = priority
            return try await platform.jobs.create(submission, command: "true", timeLimit: nil, in: ada.project, by: caller)
        }
        #expect(try await submit("a", .high, by: ada.caller).spec.priority == .high)
        #expect(try await submit("b", .low, by: bob.caller).spec.priority == .low)
        let error = await #expect(throws: WeirError.self) { try await submit("c", .high, by: bob.caller) }
        #expect(error?.code == "priority_not_allowed")
        try await platform.quotas.set(Allowance(highest: .high), of: .account(bob.caller.id), in: ada.workspace, by: ada.caller)
        let made = try await submit("c", .high, by: bob.caller)
        let read = try await platform.workloads.workload(made.id, for: bob.caller)
        #expect(read.spec.priority == .high)

        // Under stricter rules it starts again with what is allowed now.
        _ = try await platform.workloads.stop(made.id, by: bob.caller)
        try await platform.quotas.set(nil, of: .account(bob.caller.id), in: ada.workspace, by: ada.caller)
        let environment = try await platform.environments.create(
            ada.submission("lab"), tool: nil, autoStop: nil, in: ada.project, by: bob.caller)
        _ = try await platform.workloads.stop(environment.id, by: bob.caller)
        var spec = environment.spec
        spec.priority = .high
        let before = spec
        try await test.store.write { try $0.setSpec(before, of: environment.id) }
        #expect(try await platform.workloads.start(environment.id, by: bob.caller).spec.priority == .normal)
    }

    @Test("a quota of storage refuses uploads, code and frozen code with what is kept and the limit (QUO-03)")
    func storage() async throws {
        let test = try TestPlatform()
        let platform = try await test.start()
        let ada = try await test.tenant(on: platform)
        let asset = try await platform.assets.create(
            .dataset, in: ada.workspace, Assets.Description(name: "digits"), by: ada.caller)
        try await platform.quotas.set(Allowance(quota: Quota(storage: .gib(2))), of: .workspace, in: ada.workspace, by: root)

        _ = try await platform.uploads.create(into: .draft(asset.id), path: "a", length: .gib(1), by: ada.caller)
        // The first is on its way and counts already.
        let error = await #expect(throws: WeirError.self) {
            try await platform.uploads.create(into: .draft(asset.id), path: "b", length: .gib(1) + 1, by: ada.caller)
        }
        #expect(error?.code == "storage_quota")
        #expect(error?.message.en == "The workspace keeps 1 GiB and 1 GiB more; its quota is 2 GiB.")
        let second = try await platform.uploads.create(into: .draft(asset.id), path: "b", length: .gib(1), by: ada.caller)

        let full = await #expect(throws: WeirError.self) { try await platform.projects.codeForUpload(of: ada.project, for: ada.caller) }
        #expect(full?.code == "storage_quota")
        try await platform.files.write(
            StorageBench.body("print(1)"), to: .code(ada.project, in: ada.workspace), at: FilePath("train.py"))
        let frozen = await #expect(throws: WeirError.self) { try await ada.job("train", on: platform) }
        #expect(frozen?.code == "storage_quota")

        // What did not come is measured as what it is.
        try await platform.uploads.cancel(second.id, by: ada.caller)
        try await platform.storageAccounting.measureChanged()
        _ = try await platform.projects.codeForUpload(of: ada.project, for: ada.caller)
        #expect(
            try await platform.quotas.standing(of: ada.workspace, page: PageRequest(), for: ada.caller).standing.storage ?? 0 < .gib(1)
                + .mib(1)
        )
    }

    @Test("a person's storage is what the person made and their home, not what others keep (QUO-03)")
    func personalStorage() async throws {
        let test = try TestPlatform()
        let platform = try await test.start()
        let ada = try await test.tenant(on: platform)
        let bob = try await test.tenant("bob", on: platform)
        _ = try await platform.workspaces.setRole(.member, ofLogin: "bob", in: ada.workspace, by: ada.caller)
        try await platform.quotas.set(Allowance(quota: Quota(storage: .mib(10))), of: .everyone, in: ada.workspace, by: ada.caller)
        let own = try await platform.assets.create(.dataset, in: ada.workspace, Assets.Description(name: "a"), by: ada.caller)
        let his = try await platform.assets.create(.dataset, in: ada.workspace, Assets.Description(name: "b"), by: bob.caller)
        _ = try await platform.uploads.create(into: .draft(own.id), path: "x", length: .mib(9), by: ada.caller)
        _ = try await platform.uploads.create(into: .draft(his.id), path: "x", length: .mib(9), by: bob.caller)
        let error = await #expect(throws: WeirError.self) {
            try await platform.uploads.create(into: .draft(own.id), path: "y", length: .mib(9), by: ada.caller)
        }
        #expect(error?.message.en.hasPrefix("You keep 9 MiB") == true)
    }
}
