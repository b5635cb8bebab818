import TestSupport
import Testing
import WeirEngine
import WeirModel
import WeirStore

@testable import WeirPlatform

@Suite struct UsageHistoryTests {
    @Test("what a job uses is looked at while it runs and remembered when it has ended")
    func job() async throws {
        let clock = ManualClock()
        let test = try TestPlatform(clock: clock)
        try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            let job = try await tenant.job("train", on: platform)
            try await platform.wait(for: job, toBe: .running)

            clock.advance(by: .seconds(10))
            test.engine.setUsage(of: job.id, cpu: .seconds(15), memory: .mib(300))
            try await platform.usageHistory.look()
            clock.advance(by: .seconds(10))
            test.engine.setUsage(of: job.id, cpu: .seconds(20), memory: .mib(200))
            try await platform.usageHistory.look()
            test.engine.endInstances(of: job.id, .succeeded)
            try await platform.wait(for: job, toBe: .completed)
            clock.advance(by: .seconds(1000))
            try await platform.usageHistory.look()

            let part = try await platform.usageHistory.part(of: job.id, .hour, for: tenant.caller)
            #expect(part.samples.map(\.cpu) == [1500, 500])
            #expect(part.samples.map(\.memory) == [.mib(300), .mib(200)])
            #expect(part.samples.map(\.requests) == [nil, nil])
            #expect(part.until == part.samples.last?.at)
            #expect(part.cpuLimit == 2000)
            #expect(part.memoryLimit == .gib(8))
        }
    }

    @Test("what the kernel killed of a job for memory is kept with the job while it goes on, and of a later run nothing (F12, TRN-13)")
    func memoryKills() async throws {
        let clock = ManualClock()
        let test = try TestPlatform(clock: clock)
        try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            let lab = try await platform.environments.create(
                tenant.submission("lab"), tool: nil, autoStop: nil, in: tenant.project, by: tenant.caller)
            try await platform.wait(for: lab, toBe: .running)
            func killedAt() async throws -> Timestamp? { try await test.store.read { try $0.workload(lab.id) }?.memoryKilledAt }
            test.engine.setUsage(of: lab.id, cpu: .seconds(1), memory: .mib(300))
            try await platform.usageHistory.look()
            #expect(try await killedAt() == nil)
            clock.advance(by: .seconds(10))
            test.engine.setUsage(of: lab.id, cpu: .seconds(2), memory: .mib(300), memoryKills: 2)
            try await platform.usageHistory.look()
            let first = clock.now()
            #expect(try await killedAt() == first)
            clock.advance(by: .seconds(10))
            // No news: the time stays.
            try await platform.usageHistory.look()
            #expect(try await killedAt() == first)
            #expect(try await test.store.read { try $0.instances(of: lab.id, run: 1) }.map(\.memoryKills) == [2])
            _ = try await platform.workloads.stop(lab.id, by: tenant.caller)
            try await platform.wait(for: lab, toBe: .stopped)
            #expect(try await killedAt() == first)
            _ = try await platform.workloads.start(lab.id, by: tenant.caller)
            #expect(try await killedAt() == nil)
        }
    }

    @Test("a service's requests are those since the look before, and its replicas are one")
    func service() async throws {
        let clock = ManualClock()
        let test = try TestPlatform(clock: clock)
        try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            _ = try await platform.commitment.sign(version: PortCommitment.version, in: tenant.workspace, by: tenant.caller)
            let service = try await platform.services.create(
                tenant.submission("predict"), Services.Program(command: "python serve.py", port: 8000, replicas: 2),
                in: tenant.project, by: tenant.caller)
            try await platform.wait(for: service, toBe: .running)
            let number = try #require(try await platform.store.read { try $0.port(of: service.id) }).number
            try await platform.wait(for: service.id) { _ in platform.routes.port(number)?.route.backends.count == 2 }

            clock.advance(by: .seconds(10))
            test.engine.setUsage(of: service.id, cpu: .seconds(1), memory: .mib(100))
            try await platform.usageHistory.look()
            for _ in 0..<7 { platform.routes.port(number)?.traffic.countRequest(at: clock.now()) }
            clock.advance(by: .seconds(10))
            try await platform.usageHistory.look()

            let part = try await platform.usageHistory.part(of: service.id, .day, for: tenant.caller)
            #expect(part.samples.map(\.requests) == [7])
            #expect(part.samples.map(\.memory) == [.mib(200)])
            #expect(part.cpuLimit == 4000)
        }
    }

    @Test("nobody outside of the workspace sees what a workload uses")
    func stranger() async throws {
        let test = try TestPlatform()
        try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            let other = try await test.tenant("eve", on: platform)
            let job = try await tenant.job("train", on: platform)
            await #expect(throws: WeirError.self) {
                try await platform.usageHistory.part(of: job.id, .hour, for: other.caller)
            }
        }
    }
}
