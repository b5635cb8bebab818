import NIOCore
import TestSupport
import Testing
import WeirModel
import WeirStore

@testable import WeirPlatform

@Suite("A project takes nobody's work with it")
struct ProjectDeletionTests {
    @Test("who made a project deletes it with their own work; with others' in it an administrator does (IDW-08)")
    func othersWork() async throws {
        let scene = try await LeavingScene()
        let (platform, ada) = (scene.platform, scene.ada)
        let bob = try await scene.member("bob")
        let project = try await platform.projects.create(in: ada.workspace, name: "bobs", by: bob).id
        func job(by caller: Caller, _ name: String) async throws {
            let job = try await platform.jobs.create(ada.submission(name), command: "true", timeLimit: nil, in: project, by: caller)
            _ = try await platform.workloads.stop(job.id, by: caller)
        }
        try await job(by: bob, "own")
        try await job(by: ada.caller, "theirs")
        #expect(await scene.code { try await platform.projects.delete(project, typed: nil, by: bob) } == "others_work_here")
        #expect(try await platform.store.read { try $0.workloads(of: project).count } == 2)
        try await platform.projects.delete(project, typed: "bobs", by: ada.caller)

        let own = try await platform.projects.create(in: ada.workspace, name: "alone", by: bob).id
        let alone = try await platform.jobs.create(ada.submission("alone"), command: "true", timeLimit: nil, in: own, by: bob)
        _ = try await platform.workloads.stop(alone.id, by: bob)
        try await platform.projects.delete(own, typed: nil, by: bob)
    }

    @Test("what was exported from a project stays when the project is deleted, whatever is swept afterwards (PRJ-07)")
    func exported() async throws {
        // Files have the disk's own time.
        let clock = ManualClock(SystemClock().now().description)
        let test = try TestPlatform(clock: clock)
        let platform = try await test.start()
        let ada = try await test.tenant(on: platform)
        let (caller, workspace) = (ada.caller, ada.workspace)
        let output = StoredFolder.output(ada.project, in: workspace)
        try await platform.files.write(StorageBench.body("weights"), to: output, at: FilePath("net/model.bin"))
        let (model, version) = try await platform.exports.export(of: ada.project, path: "net", to: .named("net", .model), by: caller)
        let (dataset, _) = try await platform.exports.export(of: ada.project, to: .named("all", .dataset), by: caller)

        try await platform.projects.delete(ada.project, typed: nil, by: caller)
        clock.advance(by: .seconds(2 * 86_400))
        try await platform.janitor.sweep()
        #expect(try await !platform.files.exists(output))
        let gone = await #expect(throws: WeirError.self) { try await platform.projects.project(ada.project, for: caller) }
        #expect(gone?.code == "not_found")
        let tree = try await platform.assets.tree(of: version.number, of: model.id, for: caller)
        let file = try await platform.files.open(tree, at: FilePath("model.bin"))
        #expect(String(buffer: try await file.read(at: 0, count: 100)) == "weights")
        #expect(try await platform.assets.version(1, of: dataset.id, for: caller).files == 1)
        let kept = try await platform.assets.tree(of: 1, of: dataset.id, for: caller)
        #expect(try await platform.files.entry(kept, at: FilePath("net/model.bin"))?.size == 7)
    }
}
