import TestSupport
import Testing
import WeirModel
import WeirStore

@testable import WeirPlatform

@Suite("How many projects, datasets and models people make")
struct MakingsTests {
    @Test("a person makes so many in a day, deleted ones counted, and others and the next day are free (PRJ-01, DAT-01)")
    func pace() async throws {
        let scene = try await LeavingScene()
        let (platform, clock, workspace) = (scene.platform, scene.clock, scene.workspace)
        let bob = try await scene.member("bob")
        let small = Makings(perWorkspace: 100, perDay: 2)
        func project(_ name: String) async throws -> ProjectRecord {
            try await platform.projects.create(in: workspace, name: name, by: bob)
        }
        func refusal(_ caller: Caller, isProject: Bool) async -> String? {
            await scene.code {
                try await scene.test.store.read { db in
                    if isProject {
                        try small.requireProject(in: workspace, by: caller.id, at: clock.now(), db)
                    } else {
                        try small.requireAsset(in: workspace, by: caller.id, at: clock.now(), db)
                    }
                }
            }
        }
        let first = try await project("a")
        #expect(await refusal(bob, isProject: true) == nil)
        try await platform.projects.delete(first.id, typed: nil, by: bob)
        _ = try await project("b")
        let assets: [(String, Visibility)] = [("c", .owner), ("d", .workspace)]
        for (name, visibility) in assets {
            _ = try await platform.assets.create(
                .dataset, in: workspace, Assets.Description(name: name, visibility: visibility), by: bob)
        }
        for isProject in [true, false] {
            #expect(await refusal(bob, isProject: isProject) == "made_too_many")
            #expect(await refusal(scene.ada.caller, isProject: isProject) == nil)
        }
        clock.advance(by: .seconds(86_401))
        for isProject in [true, false] { #expect(await refusal(bob, isProject: isProject) == nil) }
    }

    @Test("a workspace holds so many, whoever made them, and no more are made (PRJ-01, DAT-01)")
    func most() async throws {
        let scene = try await LeavingScene()
        let (platform, clock, workspace) = (scene.platform, scene.clock, scene.workspace)
        let bob = try await scene.member("bob")
        let small = Makings(perWorkspace: 2, perDay: 100)
        func refusals() async -> [String?] {
            let now = clock.now()
            let project = await scene.code {
                try await scene.test.store.read { try small.requireProject(in: workspace, by: bob.id, at: now, $0) }
            }
            let asset = await scene.code {
                try await scene.test.store.read { try small.requireAsset(in: workspace, by: bob.id, at: now, $0) }
            }
            return [project, asset]
        }
        #expect(await refusals() == [nil, nil])
        let second = try await platform.projects.create(in: workspace, name: "second", by: scene.ada.caller)
        _ = try await platform.assets.create(.dataset, in: workspace, Assets.Description(name: "d"), by: scene.ada.caller)
        _ = try await platform.assets.create(.model, in: workspace, Assets.Description(name: "m"), by: scene.ada.caller)
        #expect(await refusals() == ["too_many_projects", "too_many_assets"])
        try await platform.projects.delete(second.id, typed: nil, by: scene.ada.caller)
        #expect(await refusals() == [nil, "too_many_assets"])
    }

    @Test("the ways to make them hold to it (PRJ-01, DAT-01)")
    func ways() async throws {
        let scene = try await LeavingScene()
        let (platform, workspace, now) = (scene.platform, scene.workspace, scene.clock.now())
        let bob = try await scene.member("bob")
        let most = Makings.standard.perDay
        try await scene.test.store.write { db in
            for number in 0..<most {
                let name = try Name("n\(number)")
                let project = ProjectRecord(
                    id: RandomIdentifiers().next(Project.self, at: now), workspace: workspace, name: name, description: "", tags: [],
                    createdBy: bob.id, createdAt: now)
                try db.insert(project, name: name)
                let asset = try platform.assets.prepared(.dataset, in: workspace, Assets.Description(name: name.text), by: bob)
                try db.insert(asset, name: name)
            }
        }
        let refused = await #expect(throws: WeirError.self) { try await platform.projects.create(in: workspace, name: "p", by: bob) }
        #expect(refused?.code == "made_too_many" && refused?.category == .tooMany)
        #expect(
            await scene.code {
                _ = try await platform.assets.create(.model, in: workspace, Assets.Description(name: "m"), by: bob)
            } == "made_too_many")
    }
}
