import TestSupport
import Testing
import WeirEngine
import WeirModel
import WeirStore

@testable import WeirPlatform

@Suite("Tools beside the one that an environment was made with")
struct OtherToolTests {
    private static let flavor = Flavor(
        name: "desk", cpu: 500, memory: .mib(128), scratch: .mib(64), processes: 64, pricePerHour: Points(1))

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
        }
    }

    @Test(
        "a second tool of the image is started when it is opened, over the project's output, and once only (DEV-05)",
        .timeLimit(.minutes(2)))
    func second() async throws {
        try await TestEngine.with { host in
            let test = try TestPlatform(flavors: [Self.flavor])
            let image = try #require(try await host.engine.image(TestImage.desk(host.engine)))
            try await test.running(engine: host.engine) { platform in
                let tenant = try await test.tenant(on: platform)
                _ = try await platform.images.register(image, for: nil)
                let made = try await platform.environments.create(
                    Submission(name: "lab", image: image.reference, flavor: "desk"), tool: "desk", autoStop: nil, in: tenant.project,
                    by: tenant.caller)
                try await platform.wait(for: made, toBe: .running)
                let instance = try #require(try await test.store.read { try $0.instances(of: made.id, run: 1) }.first)
                _ = try await host.engine.run(["sh", "-c", "echo curve > /gemini/output/index.html"], in: instance.id)
                // Nothing answers at first.
                test.health.set(false)
                async let opened = platform.entries.enter(made.id, tool: "viewer", by: tenant.caller)
                while try await !host.engine.processes(in: instance.id).contains(where: { $0.command.contains("8889") }) {
                    try await Task.sleep(for: .milliseconds(50))
                }
                test.health.set(true)
                #expect(try await opened.url.contains("/enter?token="))
                _ = try await platform.entries.enter(made.id, tool: "viewer", by: tenant.caller)
                let route = try #require(platform.routes.tool("viewer", of: made.id, for: tenant.caller.id))
                guard case .backend(let backend) = route.destination else {
                    Issue.record("no backend: \(route)")
                    return
                }
                let look = ["wget", "-q", "-O", "-", "http://127.0.0.1:\(backend.port)/"]
                while try await !host.engine.run(look, in: instance.id).output.contains("curve") {
                    try await Task.sleep(for: .milliseconds(50))
                }
                let running = try await host.engine.processes(in: instance.id).filter { $0.command.contains("8889") }
                #expect(running.count == 1, "\(running)")
                let missing = await #expect(throws: WeirError.self) {
                    try await platform.entries.enter(made.id, tool: "matlab", by: tenant.caller)
                }
                #expect(missing?.code == "tool_missing")
            }
        }
    }
}
