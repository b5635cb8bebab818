import TestSupport
import Testing
import WeirEngine
import WeirModel
import WeirStore

@testable import WeirPlatform

@Suite("Services stand behind an external port")
struct ServiceTests {
    private func service(
        _ tenant: TestPlatform.Tenant, on platform: Platform, replicas: Int = 2
    ) async throws -> WorkloadRecord {
        _ = try await platform.commitment.sign(
            version: PortCommitment.version, in: tenant.workspace, by: tenant.caller)
        return try await platform.services.create(
            tenant.submission("predict"), Services.Program(command: "python serve.py", port: 8000, replicas: replicas),
            in: tenant.project, by: tenant.caller)
    }

    private func backends(of id: Identifier<Workload>, _ platform: Platform) async throws -> Int? {
        guard let port = try await platform.store.read({ try $0.port(of: id) }) else { return nil }
        return platform.routes.port(port.number)?.route.backends.count
    }

    @Test("before the first port the commitment has to be signed (INF-06)")
    func commitment() async throws {
        let test = try TestPlatform()
        let platform = try await test.start()
        let tenant = try await test.tenant(on: platform)
        let error = await #expect(throws: WeirError.self) {
            try await platform.services.create(
                tenant.submission("predict"), Services.Program(command: "python serve.py", port: 8000),
                in: tenant.project, by: tenant.caller)
        }
        #expect(error?.code == "commitment_required")
        #expect(error?.rule == "INF-06")
    }

    @Test("traffic goes to the replicas that are healthy, and one that ends is started again (INF-03)")
    func restart() async throws {
        let clock = ManualClock()
        let test = try TestPlatform(clock: clock)
        try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            let service = try await service(tenant, on: platform)
            try await platform.wait(for: service, toBe: .running)
            try await platform.wait(for: service.id) { _ in try await backends(of: service.id, platform) == 2 }

            clock.advance(by: .seconds(120))
            test.engine.endInstances(of: service.id, .failed(.exit(code: 1)))
            try await platform.wait(for: service.id) { _ in try await backends(of: service.id, platform) == 0 }
            clock.advance(by: .seconds(2))
            platform.signals.send(.workload(service.id))
            try await platform.wait(for: service.id) { _ in try await backends(of: service.id, platform) == 2 }
            let instances = try await platform.workloads.instances(of: service.id, PageRequest(), for: tenant.caller).items
            #expect(instances.map(\.attempt).sorted() == [0, 0, 1, 1])
        }
    }

    @Test("stopping gives the port back, and a new start brings a new one (INF-07)")
    func newPort() async throws {
        let test = try TestPlatform()
        try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            let service = try await service(tenant, on: platform)
            try await platform.wait(for: service, toBe: .running)
            let first = try #require(try await platform.workloads.port(of: service.id, for: tenant.caller))
            _ = try await platform.workloads.stop(service.id, by: tenant.caller)
            try await platform.wait(for: service, toBe: .stopped)
            #expect(try await platform.workloads.port(of: service.id, for: tenant.caller) == nil)
            #expect(platform.routes.port(first.number) == nil)
            _ = try await platform.workloads.start(service.id, by: tenant.caller)
            let second = try #require(try await platform.workloads.port(of: service.id, for: tenant.caller))
            #expect(second.number != first.number)
        }
    }

    @Test("a port without activity for 48 hours is released, and that is told and recorded; the service goes on (INF-07, audit-b B7)")
    func idlePort() async throws {
        let clock = ManualClock()
        let test = try TestPlatform(clock: clock)
        try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            let service = try await service(tenant, on: platform)
            try await platform.wait(for: service.id) { _ in try await backends(of: service.id, platform) == 2 }
            clock.advance(by: .seconds(48 * 3600 - 1))
            try await platform.janitor.lookAfterPorts()
            let port = try #require(try await platform.workloads.port(of: service.id, for: tenant.caller))
            clock.advance(by: .seconds(1))
            try await platform.janitor.lookAfterPorts()
            #expect(try await platform.workloads.port(of: service.id, for: tenant.caller) == nil)
            try await platform.wait(for: service.id) { $0?.state == .running && platform.routes.port(port.number) == nil }
            let history = try await platform.workloads.history(of: service.id, PageRequest(), for: tenant.caller).items
            #expect(history.filter { $0.cause == "port_released" && $0.actor == nil && $0.state == .running }.count == 1)
            let told = try await platform.notices.list(in: tenant.workspace, PageRequest(), for: tenant.caller).items
                .filter { $0.code == "port_released" }
            #expect(told.count == 1)
            #expect(told.first?.text.en.contains("48 h") == true && told.first?.text.en.contains(service.name) == true)
        }
    }
}
