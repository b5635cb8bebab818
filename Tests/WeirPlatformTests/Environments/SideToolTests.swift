import TestSupport
import Testing
import WeirEngine
import WeirModel
import WeirPlatform
import WeirStore

@Suite("Tools beside the one that an environment runs")
struct SideToolTests {
    @Test("TensorBoard opens from an environment whose image brings it, and from no other (DEV-05, ux 2)")
    func tensorBoard() async throws {
        let test = try TestPlatform()
        try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            let lab = try await platform.environments.create(
                tenant.submission("lab"), tool: nil, autoStop: nil, in: tenant.project, by: tenant.caller)
            try await platform.wait(for: lab, toBe: .running)
            let entry = try await platform.entries.enter(lab.id, tool: "tensorboard", by: tenant.caller)
            #expect(entry.url.hasPrefix("http://gateway.test/enter?token="))
            try await platform.wait(for: lab.id) { _ in
                platform.routes.tool("tensorboard", of: lab.id, for: tenant.caller.id)?.destination
                    == .backend(Backend(host: "127.0.0.1", port: 6006))
            }

            let plain = EngineImage(
                reference: "weir/plain", digest: "sha256:" + String(repeating: "b", count: 64),
                labels: ["weir.tool.jupyterlab.command": "jupyter lab", "weir.tool.jupyterlab.port": "8888"], size: 1)
            test.engine.add(plain)
            _ = try await platform.images.register(plain, for: nil)
            var submission = tenant.submission("plain")
            submission.image = "weir/plain"
            let other = try await platform.environments.create(
                submission, tool: nil, autoStop: nil, in: tenant.project, by: tenant.caller)
            try await platform.wait(for: other, toBe: .running)
            let refused = await #expect(throws: WeirError.self) {
                try await platform.entries.enter(other.id, tool: "tensorboard", by: tenant.caller)
            }
            #expect(refused?.code == "tool_missing")
            let nothing = await #expect(throws: WeirError.self) {
                try await platform.entries.enter(lab.id, tool: "rstudio", by: tenant.caller)
            }
            #expect(nothing?.code == "tool_missing")
        }
    }

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
