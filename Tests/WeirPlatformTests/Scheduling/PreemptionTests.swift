import TestSupport
import Testing
import WeirEngine
import WeirModel
import WeirStore

@testable import WeirPlatform

@Suite("What may be stopped for others is stopped with notice, and goes on later")
struct PreemptionTests {
    @Test("a regular job starts in the place of a cheaper one, which is queued again under its name, and both is on the record (QUO-07)")
    func givesWay() async throws {
        let test = try TestPlatform()
        try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            var cheap: [WorkloadRecord] = []
            for number in 1...4 { cheap.append(try await tenant.job("cheap-\(number)", flavor: "spot", on: platform)) }
            for job in cheap { try await platform.wait(for: job, toBe: .running) }
            let regular = try await tenant.job("regular", on: platform)
            try await platform.wait(for: regular, toBe: .running)

            let records = try await test.store.read { [cheap] db in try cheap.compactMap { try db.workload($0.id) } }
            let victims = records.filter { $0.run == 2 }
            #expect(victims.count == 1)
            let victim = try #require(victims.first)
            #expect(victim.state == .queued)
            let history = try await test.store.read { try $0.transitions(of: victim.id) }
            #expect(history.map(\.state) == [.queued, .deploying, .running, .stopping, .stopped, .queued])
            #expect(history.map(\.cause) == ["submitted", "admitted", "ready", "preempted", "freed", "requeued"])
            let preemption = try #require(try await platform.queue.why(victim.id, for: tenant.caller).preemptions.first)
            #expect(preemption.run == 1)
            #expect(preemption.forWorkload == regular.id)
            #expect(preemption.price == Points(micro: 500_000))
            #expect(preemption.regularPrice == 1)

            test.engine.endInstances(of: regular.id, .succeeded)
            try await platform.wait(for: victim, toBe: .running)
            #expect(try await test.store.read { try $0.runs(of: victim.id) }.map(\.number) == [2, 1])
        }
    }

    @Test("one that is deleted while it gives way does not come back (DEV-30)")
    func deletedMeanwhile() async throws {
        let test = try TestPlatform()
        try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            var cheap: [WorkloadRecord] = []
            for number in 1...4 { cheap.append(try await tenant.job("cheap-\(number)", flavor: "spot", on: platform)) }
            for job in cheap { try await platform.wait(for: job, toBe: .running) }
            let regular = try await tenant.job("regular", on: platform)
            for job in cheap { try await platform.workloads.delete(job.id, by: tenant.caller) }
            try await platform.wait(for: regular, toBe: .running)
            for job in cheap { try await platform.wait(for: job.id) { $0 == nil } }
            #expect(Set(test.engine.present.map(\.workload)) == [regular.id])
        }
    }

    @Test("what never gives way is not stopped for anybody")
    func regularStays() async throws {
        let test = try TestPlatform()
        try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            for number in 1...4 {
                try await platform.wait(for: try await tenant.job("first-\(number)", on: platform), toBe: .running)
            }
            let next = try await tenant.job("next", on: platform)
            try await platform.wait(for: next.id) { $0?.queueReason == .resources }
            #expect(test.engine.present.count == 4)
        }
    }
}
