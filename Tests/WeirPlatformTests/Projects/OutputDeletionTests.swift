import Foundation
import TestSupport
import Testing
import WeirEngine
import WeirModel
import WeirStore

@testable import WeirPlatform

@Suite("Outputs can be deleted by those who made them")
struct OutputDeletionTests {
    @Test("what a job wrote is deleted as a whole once it has ended, and is then not counted any more (PRJ-11, STO-10)")
    func job() async throws {
        let test = try TestPlatform()
        try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            let job = try await tenant.job("train", on: platform)
            try await platform.wait(for: job, toBe: .running)
            let target = try #require(test.engine.launches.first?.mounts.first { $0.target == "/gemini/output" }).source
            try Data(count: 1 << 20).write(to: URL(fileURLWithPath: target + "/model.bin"))

            let whole = try FilePath("jobs/\(job.id)")
            let early = await #expect(throws: WeirError.self) {
                try await platform.projects.deleteOutput(of: tenant.project, at: whole, by: tenant.caller)
            }
            #expect(early?.code == "output_in_use")
            test.engine.endInstances(of: job.id, .succeeded)
            try await platform.wait(for: job.id) { _ in test.engine.present.isEmpty }
            try await platform.wait(for: job.id) { _ in
                try await test.store.read { try $0.instancesPresent(of: job.id).isEmpty }
            }
            try await platform.storageAccounting.measureChanged()
            #expect(try await test.store.read { try $0.storageHeld(by: tenant.workspace)[.outputs] } == Bytes(1 << 20))

            try await platform.projects.deleteOutput(of: tenant.project, at: whole, by: tenant.caller)
            try await platform.storageAccounting.measureChanged()
            #expect(try await test.store.read { try $0.storageHeld(by: tenant.workspace)[.outputs] } == nil)
            #expect(!FileManager.default.fileExists(atPath: target))
            let again = await #expect(throws: WeirError.self) {
                try await platform.projects.deleteOutput(of: tenant.project, at: whole, by: tenant.caller)
            }
            #expect(again?.code == "not_found")
        }
    }

    @Test("neither all outputs at once nor another project's can be deleted", arguments: ["", "jobs", "jobs/other"])
    func refused(_ path: String) async throws {
        let test = try TestPlatform()
        let platform = try await test.start()
        let tenant = try await test.tenant(on: platform)
        await #expect(throws: WeirError.self) {
            try await platform.projects.deleteOutput(of: tenant.project, at: FilePath(path), by: tenant.caller)
        }
        let stranger = try await test.tenant("eve", on: platform)
        let error = await #expect(throws: WeirError.self) {
            try await platform.projects.deleteOutput(of: tenant.project, at: FilePath("model.bin"), by: stranger.caller)
        }
        #expect(error?.code == "not_found")
    }
}
