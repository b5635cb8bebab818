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
}
