import TestSupport
import Testing
import WeirEngine
import WeirModel
import WeirStore

@testable import WeirPlatform

@Suite("Whose account a start is on")
struct StarterTests: MoneyScene {
    private struct Scene {
        let test: TestPlatform
        let clock: ManualClock
        let platform: Platform
        let ada: TestPlatform.Tenant
        let bob: Caller
        /// Ada's, for everybody, stopped.
        let lab: WorkloadRecord
    }

    private func scene(_ body: @Sendable (Scene) async throws -> Void) async throws {
        let clock = ManualClock("2026-03-02T09:30:00Z")
        let test = try TestPlatform(clock: clock)
        try await test.running { platform in
            let ada = try await test.tenant(on: platform)
            let bob = try await test.tenant("bob", on: platform).caller
            _ = try await platform.workspaces.setRole(.member, ofLogin: "bob", in: ada.workspace, by: ada.caller)
            let submission = Submission(name: "lab", image: "weir/notebook", flavor: "small", access: .shared)
            let lab = try await platform.environments.create(submission, tool: nil, autoStop: nil, in: ada.project, by: ada.caller)
            try await platform.wait(for: lab, toBe: .running)
            _ = try await platform.workloads.stop(lab.id, by: ada.caller)
            try await platform.wait(for: lab, toBe: .stopped)
            try await body(Scene(test: test, clock: clock, platform: platform, ada: ada, bob: bob, lab: lab))
        }
    }

    @Test("audit-c F9: a shared environment that somebody else starts is charged to them, and the ledger agrees with the run")
    func charged() async throws {
        try await scene { scene in
            _ = try await scene.platform.workloads.start(scene.lab.id, by: scene.bob)
            try await scene.platform.wait(for: scene.lab, toBe: .running)
            scene.clock.advance(by: .seconds(1800))
            _ = try await scene.platform.workloads.stop(scene.lab.id, by: scene.ada.caller)
            try await scene.platform.wait(for: scene.lab, toBe: .stopped)
            try await scene.platform.settlement.settleHour()
            let (runs, first, second) = try await scene.test.store.read { db in
                (
                    try db.runs(of: scene.lab.id), try db.charges(of: RunIdentity(workload: scene.lab.id, number: 1), limit: 10),
                    try db.charges(of: RunIdentity(workload: scene.lab.id, number: 2), limit: 10)
                )
            }
            #expect(runs.map(\.startedBy) == [scene.bob.id, scene.ada.caller.id])
            #expect(!second.isEmpty && second.allSatisfy { $0.entry.account == scene.bob.id })
            #expect(first.allSatisfy { $0.entry.account == scene.ada.caller.id })
            #expect(try await scene.platform.ledger.verify(by: .testOperator).difference == nil)
        }
    }

    @Test("audit-c F9: neither a budget nor a quota of one's own is passed with what a colleague made")
    func limits() async throws {
        try await scene { scene in
            let (platform, workspace) = (scene.platform, scene.ada.workspace)
            let none = try Budget(limit: 0, warnings: [], atLimit: .refuse)
            _ = try await platform.budgets.set(none, for: .account(scene.bob.id), in: workspace, by: scene.ada.caller)
            #expect(try await code { _ = try await platform.workloads.start(scene.lab.id, by: scene.bob) } == "budget_reached")
            try await platform.budgets.remove(.account(scene.bob.id), in: workspace, by: scene.ada.caller)
            let narrow = Allowance(quota: Quota(cpu: 1000))
            try await platform.quotas.set(narrow, of: .account(scene.bob.id), in: workspace, by: scene.ada.caller)
            #expect(try await code { _ = try await platform.workloads.start(scene.lab.id, by: scene.bob) } == "above_quota")
            // Ada's are her own.
            _ = try await platform.budgets.set(none, for: .account(scene.ada.caller.id), in: workspace, by: scene.ada.caller)
            try await platform.quotas.set(.plain, of: .account(scene.bob.id), in: workspace, by: scene.ada.caller)
            _ = try await platform.workloads.start(scene.lab.id, by: scene.bob)
            try await platform.wait(for: scene.lab, toBe: .running)
            let held = try await scene.test.store.read { try $0.holdings(in: workspace) }
            #expect(held.map(\.account) == [scene.bob.id] && held[0].held.cpu == 2000)
        }
    }

    @Test("what is shared mounts the workspace's folders, also for who starts it; what is personal its maker's (STO-03, IDW-07)")
    func mounts() async throws {
        try await scene { scene in
            let layout = scene.platform.files.layout
            func homes(_ workload: Identifier<Workload>) -> Set<String> {
                let launch = scene.test.engine.launches.last { $0.workload == workload }
                return Set(
                    launch?.mounts.filter { [ContainerPaths.home, ContainerPaths.netdisk].contains($0.target) }.map(\.source) ?? [])
            }
            let shared = Set(
                [StoredFolder.sharedHome(scene.ada.workspace), .sharedNetdisk(scene.ada.workspace)].map { layout.path(of: $0) })
            #expect(homes(scene.lab.id) == shared)
            _ = try await scene.platform.workloads.start(scene.lab.id, by: scene.bob)
            try await scene.platform.wait(for: scene.lab, toBe: .running)
            #expect(homes(scene.lab.id) == shared)
            let own = try await scene.platform.environments.create(
                scene.ada.submission("own"), tool: nil, autoStop: nil, in: scene.ada.project, by: scene.ada.caller)
            try await scene.platform.wait(for: own, toBe: .running)
            let account = scene.ada.caller.id
            #expect(homes(own.id) == Set([StoredFolder.home(account), .netdisk(account)].map { layout.path(of: $0) }))
            let units = try await scene.test.store.read { try $0.storageUnits(of: scene.ada.workspace) }.map(\.unit)
            #expect(units.contains(.sharedHome(scene.ada.workspace)) && units.contains(.home(account)))
        }
    }

    @Test("the gateway lets a personal tool's maker in and no other member; what is shared it opens to all (IDW-07)")
    func gateway() async throws {
        try await scene { scene in
            let (ada, routes) = (scene.ada, scene.platform.routes)
            let own = try await scene.platform.environments.create(
                ada.submission("own"), tool: nil, autoStop: nil, in: ada.project, by: ada.caller)
            _ = try await scene.platform.workloads.start(scene.lab.id, by: scene.bob)
            for workload in [own, scene.lab] { try await scene.platform.wait(for: workload, toBe: .running) }
            try await scene.platform.wait(for: own.id) { _ in
                routes.tool("terminal", of: own.id, for: ada.caller.id) != nil
                    && routes.tool("terminal", of: scene.lab.id, for: ada.caller.id) != nil
            }
            for tool in ["jupyterlab", "terminal"] {
                #expect(routes.tool(tool, of: own.id, for: scene.bob.id) == nil)
                #expect(routes.tool(tool, of: scene.lab.id, for: scene.bob.id) != nil)
            }
            // The reason that is left when it has been stopped is for its maker, too.
            _ = try await scene.platform.workloads.stop(own.id, by: ada.caller)
            try await scene.platform.wait(for: own, toBe: .stopped)
            #expect(routes.tool("jupyterlab", of: own.id, for: scene.bob.id) == nil)
        }
    }

    @Test("audit-a 1: what somebody keeps to themselves is not mounted where others enter, at creation, at a start and by a rerun (DAT-14)")
    func privateData() async throws {
        try await scene { scene in
            let (platform, ada) = (scene.platform, scene.ada)
            let asset = try await platform.assets.create(
                .dataset, in: ada.workspace, Assets.Description(name: "mine", visibility: .owner), by: ada.caller)
            let draft = try await platform.assets.draftForUpload(of: asset.id, for: ada.caller)
            try await platform.files.write(body("secret"), to: draft, at: FilePath("a.txt"))
            _ = try await platform.assets.confirm(asset.id, by: ada.caller)
            func submission(_ name: String, _ access: WorkloadAccess) -> Submission {
                Submission(
                    name: name, image: "weir/notebook", flavor: "tiny", datasets: [Submission.Mount(asset: asset.id)], access: access)
            }
            func create(_ name: String, _ access: WorkloadAccess) async throws -> WorkloadRecord {
                try await platform.environments.create(submission(name, access), tool: nil, autoStop: nil, in: ada.project, by: ada.caller)
            }
            #expect(try await code { _ = try await create("a", .shared) } == "private_in_shared")
            _ = try await create("b", .personal)
            let job = try await platform.jobs.create(
                submission("c", .personal), command: "true", timeLimit: nil, in: ada.project, by: ada.caller)
            _ = try await platform.workloads.stop(job.id, by: ada.caller)
            try await platform.wait(for: job, toBe: .stopped)
            #expect(try await code { _ = try await platform.jobs.rerun(job.id, by: scene.bob) } == "own_data_mounted")

            // What has been shared with it mounted is not made private under those who look at it, and not started again after.
            _ = try await platform.assets.edit(asset.id, Assets.Description(visibility: .workspace), by: ada.caller)
            let shared = try await create("d", .shared)
            func hide() async throws {
                _ = try await platform.assets.edit(asset.id, Assets.Description(visibility: .owner), by: ada.caller)
            }
            #expect(try await code { try await hide() } == "asset_mounted")
            _ = try await platform.workloads.stop(shared.id, by: ada.caller)
            try await platform.wait(for: shared, toBe: .stopped)
            try await hide()
            #expect(try await code { _ = try await platform.workloads.start(shared.id, by: ada.caller) } == "private_in_shared")
            let told = await #expect(throws: WeirError.self) { try await platform.workloads.start(shared.id, by: scene.bob) }
            #expect(told?.code == "own_data_mounted" && told?.message.en.contains("/gemini/data-1") == true)
        }
    }

    @Test("who mounted what is not shared any more is told where, not the name, and goes on without it (DAT-12, DAT-14)")
    func sharedNoLonger() async throws {
        try await scene { scene in
            let (platform, ada, bob) = (scene.platform, scene.ada, scene.bob)
            let asset = try await platform.assets.create(
                .dataset, in: ada.workspace, Assets.Description(name: "leaves", visibility: .workspace), by: ada.caller)
            let draft = try await platform.assets.draftForUpload(of: asset.id, for: ada.caller)
            try await platform.files.write(body("seen"), to: draft, at: FilePath("a.txt"))
            _ = try await platform.assets.confirm(asset.id, by: ada.caller)
            let submission = Submission(
                name: "leaves", image: "weir/notebook", flavor: "tiny", datasets: [Submission.Mount(asset: asset.id)], access: .personal)
            let lab = try await platform.environments.create(submission, tool: nil, autoStop: nil, in: ada.project, by: bob)
            _ = try await platform.workloads.stop(lab.id, by: bob)
            try await platform.wait(for: lab, toBe: .stopped)
            _ = try await platform.assets.edit(asset.id, Assets.Description(name: "mine", visibility: .owner), by: ada.caller)
            let told = await #expect(throws: WeirError.self) { try await platform.workloads.start(lab.id, by: bob) }
            #expect(told?.code == "own_data_mounted" && told?.message.en.contains("/gemini/data-1") == true)
            #expect(told?.message.en.contains("mine") == false && told?.remedy?.en.contains("Change its mounts") == true)
            _ = try await platform.workloads.setMounts(of: lab.id, datasets: [], models: [], by: bob)
            _ = try await platform.workloads.start(lab.id, by: bob)
        }
    }
}
