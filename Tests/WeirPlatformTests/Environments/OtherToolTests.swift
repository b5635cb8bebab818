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
