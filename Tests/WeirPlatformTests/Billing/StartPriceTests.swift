import TestSupport
import Testing
import WeirEngine
import WeirModel
import WeirStore

@testable import WeirPlatform

@Suite("A run costs what the price list of its start says (BIL-06)")
struct StartPriceTests: MoneyScene {
    private let root = Caller.testOperator

    /// Jobs that fill the zone, running.
    private func fill(_ flavor: String, _ tenant: TestPlatform.Tenant, _ platform: Platform) async throws -> [WorkloadRecord] {
        var jobs: [WorkloadRecord] = []
        for number in 1...4 { jobs.append(try await tenant.job("\(flavor)-\(number)", flavor: flavor, on: platform)) }
        for job in jobs { try await platform.wait(for: job, toBe: .running) }
        return jobs
    }

    private func publish(_ prices: [String: Points], _ platform: Platform) async throws {
        let flavors = TestPlatform.flavors.filter { prices[$0.name] != nil }
        var list = Tariff(of: flavors)
        list.flavors = flavors.map { FlavorPrice(flavor: $0.name, perHour: prices[$0.name] ?? 0) }
        list.startsAt = platform.clock.now()
        _ = try await platform.tariffs.publish(list, by: root)
    }

    private func perHour(_ job: WorkloadRecord, run: Int = 1, _ test: TestPlatform) async throws -> Points? {
        try await test.store.read { try $0.runs(of: job.id) }.first { $0.number == run }?.price?.amount(minutes: 60)
    }

    @Test(
        "what waited under the old list and starts under the new costs the new price; what ran keeps the old (F5)", arguments: TestDay.all)
    func waited(day: TestDay) async throws {
        let clock = day.clock()
        let test = try TestPlatform(clock: clock, timeZone: day.zone)
        try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            let jobs = try await fill("small", tenant, platform)
            let waits = try await tenant.job("waits", on: platform)
            try await platform.wait(for: waits.id) { $0?.queueReason == .resources }
            clock.advance(by: .seconds(1200))
            try await publish(["small": 7, "tiny": 1, "spot": 1], platform)
            clock.advance(by: .seconds(600))
            test.engine.endInstances(of: jobs[0].id, .succeeded)
            try await platform.wait(for: waits, toBe: .running)
            #expect(try await perHour(waits, test) == 7)
            clock.advance(by: .seconds(3600))
            test.engine.endInstances(of: waits.id, .succeeded)
            try await platform.wait(for: waits, toBe: .completed)
            try await platform.settlement.settleEnds()
            #expect(try await test.charged(waits.id) == 7)
            #expect(try await test.charged(jobs[0].id) == Points(micro: 500_000))
            #expect(try await platform.moneyViolations(of: [waits.id, jobs[0].id]) == [])
        }
    }

    @Test(
        "a task that gave way goes on at the price that it began with, at a higher price or off the list by now (F5, F5b, review 12)",
        arguments: [nil, 3] as [Points?])
    func gaveWay(newPrice: Points?) async throws {
        let clock = ManualClock()
        let test = try TestPlatform(clock: clock)
        try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            let spots = try await fill("spot", tenant, platform)
            clock.advance(by: .seconds(600))
            var prices: [String: Points] = ["small": 1, "tiny": 1]
            prices["spot"] = newPrice
            try await publish(prices, platform)
            let regular = try await tenant.job("regular", on: platform)
            try await platform.wait(for: regular, toBe: .running)
            let now = try await records(of: spots, test)
            let victim = try #require(now.first { $0.run == 2 })
            test.engine.endInstances(of: regular.id, .succeeded)
            try await platform.wait(for: victim, toBe: .running)
            #expect(try await perHour(victim, run: 2, test) == Points(micro: 500_000))
            clock.advance(by: .seconds(3600))
            for job in spots { test.engine.endInstances(of: job.id, .succeeded) }
            for job in spots { try await platform.wait(for: job, toBe: .completed) }
            try await platform.settlement.settleEnds()
            #expect(try await platform.moneyViolations(of: spots.map(\.id)) == [])
        }
    }

    @Test("what waits for a flavor that left the list, or became another one, keeps its size and the price of its submission (F5, F6)")
    func flavorGone() async throws {
        let clock = ManualClock()
        let test = try TestPlatform(clock: clock)
        try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            let jobs = try await fill("small", tenant, platform)
            let gone = try await tenant.job("gone", flavor: "tiny", on: platform)
            let changed = try await tenant.job("changed", on: platform)
            for job in [gone, changed] { try await platform.wait(for: job.id) { $0?.queueReason == .resources } }
            clock.advance(by: .seconds(600))
            try await publish(["small": Points(micro: 250_000), "spot": 1], platform)
            _ = try await platform.flavors.change("small", by: root) { old in
                Flavor(name: old.name, cpu: 500, memory: .gib(2), scratch: old.scratch, pricePerHour: old.pricePerHour)
            }
            for job in jobs { test.engine.endInstances(of: job.id, .succeeded) }
            for job in [gone, changed] { try await platform.wait(for: job, toBe: .running) }
            #expect(try await perHour(gone, test) == 1)
            #expect(try await perHour(changed, test) == 1)
            clock.advance(by: .seconds(600))
            for job in [gone, changed] { test.engine.endInstances(of: job.id, .succeeded) }
            for job in [gone, changed] { try await platform.wait(for: job, toBe: .completed) }
            try await platform.settlement.settleEnds()
            #expect(try await platform.moneyViolations(of: [gone.id, changed.id]) == [])
        }
    }

    @Test("a start and a run again take the flavor as it is today, for today's price (F6)")
    func today() async throws {
        let clock = ManualClock()
        let test = try TestPlatform(clock: clock)
        try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            _ = try await platform.commitment.sign(version: PortCommitment.version, in: tenant.workspace, by: tenant.caller)
            let service = try await platform.services.create(
                tenant.submission("serve"), Services.Program(command: "serve", port: 80), in: tenant.project, by: tenant.caller)
            let job = try await tenant.job("train", on: platform)
            for workload in [service, job] { try await platform.wait(for: workload, toBe: .running) }
            _ = try await platform.workloads.stop(service.id, by: tenant.caller)
            test.engine.endInstances(of: job.id, .succeeded)
            try await platform.wait(for: service, toBe: .stopped)
            try await platform.wait(for: job, toBe: .completed)
            clock.advance(by: .seconds(600))
            try await publish(["small": Points(micro: 250_000), "tiny": 1, "spot": 1], platform)
            _ = try await platform.flavors.change("small", by: root) { old in
                Flavor(name: old.name, cpu: 500, memory: .gib(2), scratch: old.scratch, longestRun: 3600, pricePerHour: old.pricePerHour)
            }
            let again = try await platform.jobs.rerun(job.id, by: tenant.caller)
            _ = try await platform.workloads.start(service.id, by: tenant.caller)
            for workload in [service, again] { try await platform.wait(for: workload, toBe: .running) }
            for id in [service.id, again.id] {
                let now = try #require(try await test.store.read { try $0.workload(id) })
                #expect(now.spec.flavor.cpu == 500)
                // The ceiling of today holds as well (DEV-24).
                #expect(now.stopAt == now.runningSince.map { $0 + .seconds(3600) })
            }
            #expect(try await perHour(service, run: 2, test) == Points(micro: 250_000))
            #expect(try await perHour(again, test) == Points(micro: 250_000))
        }
    }

    @Test("a start asks today's ceiling of an environment's time (DEV-24)")
    func ceiling() async throws {
        let test = try TestPlatform(clock: ManualClock())
        let platform = try await test.start()
        let tenant = try await test.tenant(on: platform)
        let lab = try await platform.environments.create(
            tenant.submission("lab"), tool: nil, autoStop: 86_400, in: tenant.project, by: tenant.caller)
        _ = try await platform.workloads.stop(lab.id, by: tenant.caller)
        _ = try await platform.flavors.change("small", by: root) { old in
            Flavor(
                name: old.name, cpu: old.cpu, memory: old.memory, scratch: old.scratch, longestRun: 7200, pricePerHour: old.pricePerHour)
        }
        let started = try await platform.workloads.start(lab.id, by: tenant.caller)
        guard case .environment(let detail) = started.spec.detail else { throw WeirError.notFound("environment") }
        #expect(detail.autoStop == 7200)
    }
}
