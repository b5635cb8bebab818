import Foundation
import TestSupport
import Testing
import WeirEngine
import WeirModel
import WeirStore

@testable import WeirPlatform

@Suite("What is mounted, where and when")
struct MountTests {
    private struct Scene: Sendable {
        let test: TestPlatform
        let platform: Platform
        let ada: TestPlatform.Tenant

        /// With one version.
        func asset(
            _ name: String, _ kind: AssetKind = .dataset, _ visibility: Visibility = .workspace
        ) async throws -> Identifier<Asset> {
            let asset = try await platform.assets.create(
                kind, in: ada.workspace, Assets.Description(name: name, visibility: visibility), by: ada.caller)
            try await platform.assets.intake(of: asset.id, for: ada.caller).write(StorageBench.body(name), at: FilePath("f"))
            _ = try await platform.assets.confirm(asset.id, by: ada.caller)
            return asset.id
        }

        func assets(_ count: Int, _ kind: AssetKind) async throws -> [Submission.Mount] {
            var mounts: [Submission.Mount] = []
            for number in 0..<count { mounts.append(Submission.Mount(asset: try await asset("\(kind.rawValue)-\(number)", kind))) }
            return mounts
        }

        func environment(
            _ name: String, datasets: [Submission.Mount] = [], models: [Submission.Mount] = []
        ) async throws -> WorkloadRecord {
            var submission = ada.submission(name, flavor: "tiny")
            (submission.datasets, submission.models) = (datasets, models)
            return try await platform.environments.create(submission, tool: nil, autoStop: nil, in: ada.project, by: ada.caller)
        }

        /// The folders of datasets and models in the newest run, by path, with what lies in each.
        func mounted(_ workload: WorkloadRecord) throws -> [String: String] {
            let launch = try #require(test.engine.launches.last { $0.workload == workload.id })
            let found = launch.mounts.filter { $0.target.hasPrefix("/gemini/data") || $0.target.hasPrefix("/gemini/pretrain") }
            #expect(found.allSatisfy { !$0.writable })
            return try found.reduce(into: [:]) { folders, mount in
                folders[mount.target] = try String(contentsOfFile: mount.source + "/f", encoding: .utf8)
            }
        }
    }

    private func scene(_ body: @Sendable (Scene) async throws -> Void) async throws {
        let test = try TestPlatform()
        try await test.running { platform in
            try await body(Scene(test: test, platform: platform, ada: try await test.tenant(on: platform)))
        }
    }

    private func refusal(_ body: () async throws -> Void) async -> WeirError? {
        await #expect(throws: WeirError.self) { try await body() }
    }

    @Test("the folders of datasets and models are there only when something is mounted, in its order (DAT-11, DAT-12, MOD-07)")
    func onlyWhenMounted() async throws {
        try await scene { scene in
            let bare = try await scene.environment("bare")
            try await scene.platform.wait(for: bare, toBe: .running)
            #expect(try scene.mounted(bare).isEmpty)
            let (datasets, models) = (try await scene.assets(3, .dataset), try await scene.assets(2, .model))
            let full = try await scene.environment("full", datasets: datasets.reversed(), models: models)
            try await scene.platform.wait(for: full, toBe: .running)
            #expect(
                try scene.mounted(full) == [
                    "/gemini/data-1": "dataset-2", "/gemini/data-2": "dataset-1", "/gemini/data-3": "dataset-0",
                    // The first model by its older name, too (X12).
                    "/gemini/pretrain": "model-0", "/gemini/pretrain1": "model-0", "/gemini/pretrain2": "model-1",
                ])
        }
    }

    @Test("what an environment mounts changes while it is stopped, and its next start has it (DAT-12, MOD-07)")
    func changed() async throws {
        try await scene { scene in
            let (platform, ada) = (scene.platform, scene.ada)
            let (datasets, models) = (try await scene.assets(2, .dataset), try await scene.assets(1, .model))
            let lab = try await scene.environment("lab", datasets: [datasets[0]], models: models)
            try await platform.wait(for: lab, toBe: .running)
            let early = await refusal {
                _ = try await platform.workloads.setMounts(of: lab.id, datasets: [datasets[1]], models: [], by: ada.caller)
            }
            #expect(early?.code == "wrong_state" && early?.rule == "DAT-12" && early?.remedy != nil)
            _ = try await platform.workloads.stop(lab.id, by: ada.caller)
            try await platform.wait(for: lab, toBe: .stopped)
            let changed = try await platform.workloads.setMounts(of: lab.id, datasets: [datasets[1]], models: [], by: ada.caller)
            #expect(changed.spec.datasets.map(\.asset) == [datasets[1].asset] && changed.spec.models.isEmpty)
            _ = try await platform.workloads.start(lab.id, by: ada.caller)
            try await platform.wait(for: lab, toBe: .running)
            #expect(try scene.mounted(lab) == ["/gemini/data-1": "dataset-1"])
        }
    }

    @Test("a change of mounts goes by the rules of a submission, and only an environment has it (DAT-10, DAT-14)")
    func changedByRule() async throws {
        try await scene { scene in
            let (platform, ada) = (scene.platform, scene.ada)
            let lab = try await scene.environment("lab")
            _ = try await platform.workloads.stop(lab.id, by: ada.caller)
            try await platform.wait(for: lab, toBe: .stopped)
            let datasets = try await scene.assets(4, .dataset)
            func set(_ datasets: [Submission.Mount], _ models: [Submission.Mount] = []) async -> String? {
                await refusal {
                    _ = try await platform.workloads.setMounts(of: lab.id, datasets: datasets, models: models, by: ada.caller)
                }?.code
            }
            #expect(await set(datasets) == "too_many_mounts")
            #expect(await set([datasets[0], datasets[0]]) == "malformed")
            #expect(await set([.init(asset: datasets[0].asset, version: 9)]) == "no_version")
            #expect(await set([], [datasets[0]]) == "not_found")
            let eve = try await scene.test.tenant("eve", on: platform)
            let theirs = try await platform.assets.create(.dataset, in: eve.workspace, Assets.Description(name: "own"), by: eve.caller)
            #expect(await set([.init(asset: theirs.id)]) == "not_found")
            #expect(try await platform.workloads.workload(lab.id, for: ada.caller).spec.datasets.isEmpty)

            let job = try await ada.job("train", flavor: "tiny", on: platform)
            let noEnvironment = await refusal {
                _ = try await platform.workloads.setMounts(of: job.id, datasets: [], models: [], by: ada.caller)
            }
            #expect(noEnvironment?.code == "not_found")
            let stranger = await refusal {
                _ = try await platform.workloads.setMounts(of: lab.id, datasets: [], models: [], by: eve.caller)
            }
            #expect(stranger?.code == "not_found")
        }
    }

    @Test("what somebody keeps to themselves is not mounted afterwards where others enter, and in their own it is (DAT-14)")
    func ownData() async throws {
        try await scene { scene in
            let (platform, ada) = (scene.platform, scene.ada)
            let own = Submission.Mount(asset: try await scene.asset("own", .dataset, .owner))
            for access in [WorkloadAccess.shared, .personal] {
                var submission = ada.submission("lab-\(access.rawValue)", flavor: "tiny")
                submission.access = access
                let lab = try await platform.environments.create(
                    submission, tool: nil, autoStop: nil, in: ada.project, by: ada.caller)
                _ = try await platform.workloads.stop(lab.id, by: ada.caller)
                try await platform.wait(for: lab, toBe: .stopped)
                guard access == .shared else {
                    let changed = try await platform.workloads.setMounts(of: lab.id, datasets: [own], models: [], by: ada.caller)
                    #expect(changed.spec.datasets.map(\.asset) == [own.asset])
                    continue
                }
                let error = await refusal {
                    _ = try await platform.workloads.setMounts(of: lab.id, datasets: [own], models: [], by: ada.caller)
                }
                #expect(error?.code == "private_in_shared")
            }
        }
    }

    @Test("three datasets and three models at most, each once (DAT-10, MOD-07)")
    func atMostThree() async throws {
        try await scene { scene in
            let (datasets, models) = (try await scene.assets(4, .dataset), try await scene.assets(4, .model))
            let four = await refusal { _ = try await scene.environment("a", datasets: datasets) }
            #expect(four?.code == "too_many_mounts" && four?.rule == "DAT-10" && four?.subject == "datasets")
            let models4 = await refusal { _ = try await scene.environment("b", models: models) }
            #expect(models4?.code == "too_many_mounts" && models4?.rule == "MOD-07" && models4?.subject == "models")
            let twice = await refusal { _ = try await scene.environment("c", datasets: [datasets[0], datasets[0]]) }
            #expect(twice?.subject == "datasets")
            let made = try await scene.environment("d", datasets: Array(datasets.prefix(3)), models: Array(models.prefix(3)))
            #expect(made.spec.datasets.count == 3 && made.spec.models.count == 3)
        }
    }

    @Test("a version that something mounts is not deleted, nor is its dataset; afterwards what mounted it is not started (DAT-15)")
    func mountedIsKept() async throws {
        try await scene { scene in
            let (platform, ada) = (scene.platform, scene.ada)
            let asset = try await scene.asset("digits")
            let lab = try await scene.environment("lab", datasets: [Submission.Mount(asset: asset)])
            try await platform.wait(for: lab, toBe: .running)
            let version = await refusal { try await platform.assets.deleteVersion(1, of: asset, by: ada.caller) }
            #expect(version?.code == "asset_mounted" && version?.rule == "DAT-15" && version?.remedy != nil)
            let whole = await refusal { try await platform.assets.delete(asset, typed: nil, by: ada.caller) }
            #expect(whole?.code == "asset_mounted")
            #expect(try await platform.assets.asset(asset, for: ada.caller).latest == 1)
            _ = try await platform.workloads.stop(lab.id, by: ada.caller)
            try await platform.wait(for: lab, toBe: .stopped)
            try await platform.assets.deleteVersion(1, of: asset, by: ada.caller)
            let start = await refusal { _ = try await platform.workloads.start(lab.id, by: ada.caller) }
            #expect(start?.code == "version_deleted")
            // With other mounts it can be.
            _ = try await platform.workloads.setMounts(of: lab.id, datasets: [], models: [], by: ada.caller)
            _ = try await platform.workloads.start(lab.id, by: ada.caller)
            try await platform.wait(for: lab, toBe: .running)
            #expect(try scene.mounted(lab).isEmpty)
        }
    }
}
