import TestSupport
import Testing
import WeirEngine
import WeirModel
import WeirStore

@testable import WeirPlatform

@Suite("Why was I charged: the usual causes are named (BIL-27)")
struct WhyChargedTests {
    private func causes(of workload: Identifier<Workload>, _ tenant: TestPlatform.Tenant, _ platform: Platform) async throws -> [String] {
        let month = try platform.calendar.month(of: platform.clock.now())
        let answer = try await platform.whyCharged.month(
            month, of: tenant.workspace, BillFilter(workload: workload), for: tenant.caller)
        return answer.items.flatMap(\.causes).map(\.code)
    }

    @Test("a service whose open port nobody has called, until somebody does", arguments: TestDay.all)
    func serviceWithoutRequests(day: TestDay) async throws {
        let clock = day.clock()
        let test = try TestPlatform(clock: clock, timeZone: day.zone)
        try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            _ = try await platform.commitment.sign(version: PortCommitment.version, in: tenant.workspace, by: tenant.caller)
            let service = try await platform.services.create(
                tenant.submission("serve"), Services.Program(command: "serve", port: 8000), in: tenant.project, by: tenant.caller)
            try await platform.wait(for: service, toBe: .running)
            clock.advance(by: .seconds(7200))
            try await platform.settlement.settleHour()
            let port = try #require(try await test.store.read { try $0.ports() }.first)
            #expect(try await causes(of: service.id, tenant, platform) == ["service_without_requests"])
            let now = clock.now()
            try await test.store.write { try $0.setTraffic(port: port.number, of: service.id, activeAt: now, requests: 1, errors: 0) }
            #expect(try await causes(of: service.id, tenant, platform) == [])
        }
    }

    @Test(
        "a job that ended minutes after it was told to stop; one that ended at once is not named", arguments: [90, 700] as [Int64],
        TestDay.all)
    func endedLater(seconds: Int64, day: TestDay) async throws {
        let clock = day.clock()
        let test = try TestPlatform(clock: clock, timeZone: day.zone)
        let platform = try await test.start()
        let tenant = try await test.tenant(on: platform)
        let job = try await tenant.job("train", on: platform)
        await platform.reconciler.admit()
        let instance = try #require(try await test.store.read { try $0.instancesPresent(of: job.id) }.first)
        let workload = try #require(try await test.store.read { try $0.workload(job.id) })
        _ = try await test.engine.launch(try await platform.reconciler.plan(instance, workload))
        _ = try await platform.reconciler.reconcile(job.id)
        clock.advance(by: .seconds(1800))
        _ = try await platform.workloads.stop(job.id, by: tenant.caller)
        clock.advance(by: .seconds(seconds))
        test.engine.endInstances(of: job.id, .succeeded)
        _ = try await platform.reconciler.reconcile(job.id)
        try await platform.settlement.settleEnds()
        #expect(try await test.charged(job.id) > 0)
        #expect(try await causes(of: job.id, tenant, platform) == (seconds > 120 ? ["ended_later_than_asked"] : []))
    }

    @Test(
        "an environment that is busy and still runs is named with orphan processes, and with what it has come to (BIL-27)",
        arguments: TestDay.all)
    func orphans(day: TestDay) async throws {
        let clock = day.clock()
        let test = try TestPlatform(clock: clock, timeZone: day.zone)
        try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            let lab = try await platform.environments.create(
                tenant.submission("lab"), tool: nil, autoStop: 86_400, in: tenant.project, by: tenant.caller)
            let quiet = try await platform.environments.create(
                tenant.submission("quiet"), tool: nil, autoStop: 86_400, in: tenant.project, by: tenant.caller)
            for one in [lab, quiet] { try await platform.wait(for: one, toBe: .running) }
            for minute in 1...40 {
                clock.advance(by: .seconds(60))
                test.engine.setUsage(of: lab.id, cpu: .seconds(45 * minute), memory: .mib(300))
                test.engine.setUsage(of: quiet.id, cpu: .seconds(1), memory: .mib(300))
                try await platform.usageHistory.look()
            }
            let month = try platform.calendar.month(of: clock.now())
            let running = try await platform.whyCharged.month(month, of: tenant.workspace, BillFilter(), for: tenant.caller).running
            #expect(running.count == 2)
            for one in running {
                #expect(one.causes.map(\.code) == (one.workload == lab.id ? ["orphan_processes"] : []))
                #expect(one.toCharge == Points(micro: one.perHour.micro * 40 / 60))
            }
        }
    }
}
