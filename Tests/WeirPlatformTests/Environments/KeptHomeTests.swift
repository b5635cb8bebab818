import TestSupport
import Testing
import WeirEngine
import WeirModel
import WeirPlatform
import WeirStore

@Suite("The kept home of a person in what they start")
struct KeptHomeTests {
    @Test("the kept home is $HOME of whatever has it, and of no board (STO-12, DEV-14)")
    func home() async throws {
        let test = try TestPlatform()
        try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            let lab = try await platform.environments.create(
                tenant.submission("lab"), tool: nil, autoStop: nil, in: tenant.project, by: tenant.caller)
            let job = try await tenant.job("train", on: platform)
            let board = try await platform.boards.create(
                tenant.submission("curves"), path: nil, in: tenant.project, by: tenant.caller)
            for workload in [lab, job, board] { try await platform.wait(for: workload, toBe: .running) }
            let homes = Dictionary(
                test.engine.launches.map { ($0.workload, $0.environment["HOME"]) }, uniquingKeysWith: { first, _ in first })
            #expect(homes[lab.id] == "/home/user" && homes[job.id] == "/home/user")
            #expect(homes[board.id] == .some(nil))
        }
    }
}
