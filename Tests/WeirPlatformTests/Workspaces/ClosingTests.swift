import Foundation
import TestSupport
import Testing
import WeirModel
import WeirStore

@testable import WeirPlatform

@Suite("A workspace is closed by its owner")
struct ClosingTests {
    @Test("what runs is stopped and nothing new begins; within the grace time data is read and an owner takes it back (IDW-03)")
    func grace() async throws {
        let scene = try await LeavingScene()
        let (platform, ada, workspace) = (scene.platform, scene.ada, scene.workspace)
        let bob = try await scene.member("bob", .administrator)
        let asset = try await scene.dataset("digits", .workspace, of: 5000, by: ada.caller)
        let job = try await ada.job("train", on: platform)
        _ = try await LeavingScene.account("carol", scene.test, scene.clock)

        #expect(await scene.code { _ = try await platform.closings.close(workspace, named: "ada", by: bob) } == "forbidden")
        #expect(await scene.code { _ = try await platform.closings.close(workspace, named: "vision", by: ada.caller) } == "name_differs")
        #expect(await scene.code { _ = try await platform.closings.look(at: workspace, for: bob) } == "forbidden")
        let contents = try await platform.closings.look(at: workspace, for: ada.caller).1
        #expect(contents.projects == 1 && contents.datasets == 1 && contents.members == 2 && contents.live == 1)

        let closing = try await platform.closings.close(workspace, named: "ADA", by: ada.caller)
        #expect(closing.state == .closing && closing.closing?.due == scene.clock.now() + .seconds(7 * 86_400))
        let stopped = try #require(try await platform.store.read { try $0.workload(job.id) })
        #expect(stopped.state == .stopped)
        #expect(try await platform.store.read { try $0.transitions(of: job.id).last?.cause } == "workspace_closing")

        let refused: [() async throws -> Void] = [
            { _ = try await platform.projects.create(in: workspace, name: "new", by: ada.caller) },
            { _ = try await platform.assets.create(.model, in: workspace, Assets.Description(name: "new"), by: ada.caller) },
            { _ = try await ada.job("more", on: platform) },
            { _ = try await platform.jobs.rerun(job.id, by: ada.caller) },
            { _ = try await platform.uploads.create(into: .draft(asset.id), path: "u", length: 9, by: ada.caller) },
            { _ = try await platform.projects.codeForUpload(of: ada.project, for: ada.caller) },
            { _ = try await platform.workspaces.setRole(.member, ofLogin: "carol", in: workspace, by: ada.caller) },
            { _ = try await platform.closings.close(workspace, named: "ada", by: ada.caller) },
            { _ = try await platform.workspaces.rename(workspace, to: "other", by: ada.caller) },
        ]
        for (number, attempt) in refused.enumerated() { #expect(await scene.code(attempt) == "workspace_closing", "\(number)") }

        scene.clock.advance(by: .seconds(6 * 86_400))
        try await platform.closings.tick()
        let tree = try await platform.assets.tree(of: 1, of: asset.id, for: bob)
        #expect(try await platform.files.measure(tree).files == 1)
        #expect(await scene.code { _ = try await platform.closings.reopen(workspace, by: bob) } == "forbidden")
        #expect(try await platform.closings.reopen(workspace, by: ada.caller).state == .open)
        _ = try await platform.projects.create(in: workspace, name: "new", by: ada.caller)
        scene.passGrace()
        try await platform.closings.tick()
        #expect(try await platform.store.read { try $0.workspace(workspace)?.state } == .open)
    }

    @Test("after the grace time its data is deleted, its name is free, and ledger and bills stay its owner's to read")
    func closed() async throws {
        let scene = try await LeavingScene()
        let (platform, ada, workspace) = (scene.platform, scene.ada, scene.workspace)
        let bob = try await scene.member("bob")
        let shared = try await scene.dataset("digits", .workspace, of: 5000, by: ada.caller)
        let hidden = try await scene.dataset("grades", .owner, of: 4000, by: bob)
        _ = try await ada.job("train", on: platform)
        let upload = try await platform.uploads.create(into: .draft(shared.id), path: "u", length: 9, by: ada.caller)
        try await platform.store.write { try $0.openPersonalStorage(of: bob.id, in: workspace) }
        try await platform.storageAccounting.measureChanged()
        _ = try await platform.closings.close(workspace, named: "ada", by: ada.caller)
        scene.passGrace()
        try await platform.closings.tick()

        let record = try #require(try await platform.store.read { try $0.workspace(workspace) })
        #expect(record.state == .closed && record.name == "ada")
        let (held, paid, standing) = try await platform.store.read { db in
            (
                try db.storageHeld(by: workspace), try db.personalStorage(paidBy: workspace, most: 10),
                try db.workspaces(named: nil, PageRequest()).items.first { $0.workspace.id == workspace }
            )
        }
        #expect(held == [:] && paid.isEmpty && standing?.workspace.state == .closed && standing?.members == 1)
        for asset in [shared, hidden] {
            #expect(await scene.code { _ = try await platform.assets.asset(asset.id, for: ada.caller) } == "not_found")
            #expect(try await !platform.files.exists(.draft(asset.id, in: workspace)))
        }
        #expect(await scene.code { _ = try await platform.files.progress(of: StoredUpload(upload.id, in: workspace)) } != nil)
        #expect(await scene.code { _ = try await platform.projects.project(ada.project, for: ada.caller) } == "not_found")
        #expect(!FileManager.default.fileExists(atPath: platform.files.layout.path(of: .workspace(workspace))))
        #expect(await scene.code { _ = try await platform.workspaces.workspace(workspace, for: bob) } == "not_found")
        #expect(await scene.code { _ = try await platform.closings.reopen(workspace, by: ada.caller) } == "workspace_closed")
        #expect(await scene.code { _ = try await platform.workspaces.rename(workspace, to: "again", by: ada.caller) } == "workspace_closed")
        #expect(
            await scene.code { _ = try await platform.projects.create(in: workspace, name: "p", by: ada.caller) } == "workspace_closed")

        #expect(try await platform.workspaces.create(name: "ada", by: bob).name == "ada")
        #expect(try await platform.ledger.entries(of: workspace, EntryFilter(), PageRequest(), for: ada.caller).items.count == 1)
        _ = try await platform.bills.months(of: workspace, for: ada.caller)
        _ = try await platform.bills.months(of: workspace, for: scene.root)
        #expect(try await platform.ledger.verify(by: scene.root).difference == nil)
        try await platform.closings.tick()
        #expect(try await platform.store.read { try $0.workspacesClosing(after: nil, most: 10) }.isEmpty)
    }

    @Test("a kill between the record and the files is made good by the next round", arguments: [false, true])
    func kill(afterAll: Bool) async throws {
        let scene = try await LeavingScene()
        let (platform, ada, workspace) = (scene.platform, scene.ada, scene.workspace)
        let asset = try await scene.dataset("digits", .workspace, of: 5000, by: ada.caller)
        _ = try await platform.assets.draft(of: asset.id, for: ada.caller, .changeAsset)
        _ = try await platform.projects.code(of: ada.project, for: ada.caller, .changeCode)
        _ = try await platform.closings.close(workspace, named: "ada", by: ada.caller)
        scene.passGrace()
        let now = scene.clock.now()
        try await platform.store.write { db in
            try db.markClosed(workspace, at: now)
            if afterAll { _ = try db.takeOut(of: workspace, most: 200, at: now) }
        }
        let again = try await scene.test.start()
        try await again.closings.tick()
        try await again.janitor.sweep()
        #expect(try await !again.files.exists(.draft(asset.id, in: workspace)))
        #expect(!FileManager.default.fileExists(atPath: again.files.layout.path(of: .workspace(workspace))))
        #expect(try await again.store.read { try $0.workspacesClosing(after: nil, most: 10) }.isEmpty)
    }

    @Test("what runs, or is not charged to its end, is waited for")
    func waits() async throws {
        let scene = try await LeavingScene()
        let (platform, ada, workspace) = (scene.platform, scene.ada, scene.workspace)
        let job = try await ada.job("train", on: platform)
        let now = scene.clock.now()
        try await platform.store.write { db in
            let queued = try #require(try db.read.workload(job.id))
            let instance = InstanceRecord(
                id: RandomIdentifiers().next(Instance.self, at: now), workload: job.id, run: 1, position: 0, attempt: 0, createdAt: now)
            let admitted = try db.apply(.admitted, to: queued, cause: Cause("test"), at: now)
            try db.insert(instance)
            try db.apply(.ready, to: admitted, cause: Cause("test"), at: now)
        }
        _ = try await platform.closings.close(workspace, named: "ada", by: ada.caller)
        #expect(try await platform.store.read { try $0.workload(job.id)?.state } == .stopping)
        scene.passGrace()
        try await platform.closings.tick()
        #expect(try await platform.store.read { try $0.workspace(workspace)?.state } == .closing)
    }
}
