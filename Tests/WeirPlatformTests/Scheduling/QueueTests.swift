import TestSupport
import Testing
import WeirEngine
import WeirModel
import WeirStore

@testable import WeirPlatform

/// The zone of these tests has room for four of the small flavor.
@Suite("What waits starts by itself, in the order of the policy")
struct QueueTests {
    @Test("a full zone lets the next in as soon as something ends, and says why the others wait (QUO-05, X22, DEV-26)")
    func startsWhenFreed() async throws {
        let test = try TestPlatform()
        try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            var running: [WorkloadRecord] = []
            for number in 1...4 { running.append(try await tenant.job("first-\(number)", on: platform)) }
            for job in running { try await platform.wait(for: job, toBe: .running) }
            let next = try await tenant.job("next", on: platform)
            let last = try await tenant.job("last", on: platform)
            try await platform.wait(for: last.id) { $0?.queueReason == .resources }

            let why = try await platform.queue.why(last.id, for: tenant.caller)
            #expect(why.explanation?.reason == .resources)
            #expect(why.explanation?.place == 2)
            #expect(why.explanation?.sentences.isEmpty == false)
            let found = try await platform.queue.list(in: tenant.workspace, for: tenant.caller)
            let (lines, waiting) = (found.lines.items, found.waitingInZone)
            #expect(lines.map(\.workload.id) == [next.id, last.id])
            #expect(waiting == 2)

            test.engine.endInstances(of: running[1].id, .succeeded)
            try await platform.wait(for: next, toBe: .running)
            #expect(try await test.store.read { try $0.workload(last.id) }?.state == .queued)
            #expect(try await platform.queue.why(next.id, for: tenant.caller).explanation == nil)
        }
    }

    @Test("what is full by quota waits for quota, and starts when the quota is raised (QUO-03, QUO-04)")
    func waitsForQuota() async throws {
        let test = try TestPlatform()
        try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            let (workspace, now) = (tenant.workspace, test.clock.now())
            try await test.store.write { db in
                try db.setAllowance(
                    Allowance(quota: Quota(instances: 1)), of: .workspace, in: workspace, by: tenant.caller.id, at: now)
            }
            let first = try await tenant.job("first", on: platform)
            try await platform.wait(for: first, toBe: .running)
            let second = try await tenant.job("second", on: platform)
            try await platform.wait(for: second.id) { $0?.queueReason == .quota }
            try await test.store.write { db in
                try db.setAllowance(
                    Allowance(quota: Quota(instances: 2)), of: .workspace, in: workspace, by: tenant.caller.id, at: now)
            }
            platform.signals.send(.rules)
            try await platform.wait(for: second, toBe: .running)
        }
    }

    @Test("other people's workloads are counted, not named, and another tenant's wait cannot be asked for (IDW-02)")
    func tenantsAreApart() async throws {
        let test = try TestPlatform()
        try await test.running { platform in
            let ada = try await test.tenant("ada", on: platform)
            let eve = try await test.tenant("eve", on: platform)
            for number in 1...4 {
                try await platform.wait(for: try await ada.job("secret-plan-\(number)", on: platform), toBe: .running)
            }
            let waits = try await eve.job("mine", on: platform)
            try await platform.wait(for: waits.id) { $0?.queueReason == .resources }
            let why = try #require(try await platform.queue.why(waits.id, for: eve.caller).explanation)
            #expect(why.otherHolders == 4)
            #expect(why.holders.isEmpty)
            #expect(!why.sentences.contains { $0.en.contains("secret-plan") || $0.zh.contains("secret-plan") })
            await #expect(throws: WeirError.notFound("workload")) { try await platform.queue.why(waits.id, for: ada.caller) }
            await #expect(throws: WeirError.notFound("workspace")) {
                try await platform.queue.list(in: eve.workspace, for: ada.caller)
            }
        }
    }

    @Test(
        "what waits can be given another priority: the order changes at once, it is on record, and no more is given than may be asked for (QUO-07)"
    )
    func priorityOfWhatWaits() async throws {
        let test = try TestPlatform()
        try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            let (workspace, now) = (tenant.workspace, test.clock.now())
            var running: [WorkloadRecord] = []
            for number in 1...4 { running.append(try await tenant.job("first-\(number)", on: platform)) }
            for job in running { try await platform.wait(for: job, toBe: .running) }
            let first = try await tenant.job("first", on: platform)
            let second = try await tenant.job("second", on: platform)
            try await platform.wait(for: second.id) { $0?.queueReason == .resources }
            await #expect(throws: WeirError.wrongState("set priority", .running)) {
                try await platform.workloads.setPriority(of: running[0].id, to: .low, by: tenant.caller)
            }
            let changed = try await platform.workloads.setPriority(of: second.id, to: .high, by: tenant.caller)
            #expect(changed.spec.priority == .high)
            #expect(changed.stateSince == second.stateSince)
            _ = try await platform.workloads.setPriority(of: second.id, to: .high, by: tenant.caller)
            let history = try await test.store.read { try $0.transitions(of: second.id) }
            #expect(history.map(\.cause) == ["submitted", "priority_high"])
            #expect(history.last?.actor == tenant.caller.id)

            try await test.store.write { db in
                try db.setAllowance(Allowance(highest: .normal), of: .workspace, in: workspace, by: tenant.caller.id, at: now)
            }
            await #expect(throws: WeirError.priorityNotAllowed(.high, highest: .normal)) {
                try await platform.workloads.setPriority(of: first.id, to: .high, by: tenant.caller)
            }
            test.engine.endInstances(of: running[1].id, .succeeded)
            try await platform.wait(for: second, toBe: .running)
            #expect(try await test.store.read { try $0.workload(first.id) }?.state == .queued)
            _ = try await platform.workloads.setPriority(of: first.id, to: .low, by: tenant.caller)

            var operatorAccount = try #require(try await test.store.read { try $0.account(tenant.caller.id) })
            operatorAccount.isOperator = true
            #expect(try await platform.queue.replay(by: Caller(operatorAccount)).difference == nil)
        }
    }

    @Test("the start of what waits is forecast, and the forecast is scored when it came (DEV-26)")
    func forecastsAreScored() async throws {
        let test = try TestPlatform()
        try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            var running: [WorkloadRecord] = []
            for number in 1...4 { running.append(try await tenant.job("first-\(number)", timeLimit: 600, on: platform)) }
            for job in running { try await platform.wait(for: job, toBe: .running) }
            let next = try await tenant.job("next", on: platform)
            try await platform.wait(for: next.id) { $0?.queueReason == .resources }
            try await platform.wait(for: next.id) { _ in
                try await test.store.read { try $0.forecast(of: next.id, run: 1) } != nil
            }
            let forecast = try #require(try await test.store.read { try $0.forecast(of: next.id, run: 1) })
            #expect(forecast.low <= forecast.median)
            #expect(forecast.startedAt == nil)
            test.engine.endInstances(of: running[0].id, .succeeded)
            try await platform.wait(for: next, toBe: .running)
            let score = try #require(try await platform.queue.score())
            #expect(score.count == 1)
        }
    }

    @Test("a workload that nobody lets start any more leaves the queue, and the next goes before it (DEV-27)")
    func stoppedWhileWaiting() async throws {
        let test = try TestPlatform()
        try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            var running: [WorkloadRecord] = []
            for number in 1...4 { running.append(try await tenant.job("first-\(number)", on: platform)) }
            for job in running { try await platform.wait(for: job, toBe: .running) }
            let gone = try await tenant.job("gone", on: platform)
            let next = try await tenant.job("next", on: platform)
            try await platform.wait(for: next.id) { $0?.queueReason == .resources }
            _ = try await platform.workloads.stop(gone.id, by: tenant.caller)
            test.engine.endInstances(of: running[0].id, .succeeded)
            try await platform.wait(for: next, toBe: .running)
            #expect(try await test.store.read { try $0.workload(gone.id) }?.state == .stopped)
        }
    }
}
