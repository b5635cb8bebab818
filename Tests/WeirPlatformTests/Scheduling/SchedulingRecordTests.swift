import TestSupport
import Testing
import WeirEngine
import WeirModel
import WeirStore

@testable import WeirPlatform

@Suite("Each decision of the queue can be made again from its record")
struct SchedulingRecordTests {
    @Test("over several starts of Weir, all decisions come out as they were made")
    func replay() async throws {
        let test = try TestPlatform()
        let tenant = try await test.tenant(on: try await test.start())
        var jobs: [WorkloadRecord] = []
        for life in 1...3 {
            try await test.running { [jobs] platform in
                for job in jobs.prefix(2 * life - 2) { test.engine.endInstances(of: job.id, .succeeded) }
                for number in 1...4 { _ = try await tenant.job("job-\(life)-\(number)", on: platform) }
                let last = try await tenant.job("last-\(life)", flavor: "tiny", on: platform)
                try await platform.wait(for: last.id) { $0?.state != .queued || $0?.queueReason != nil }
            }
            let page = try await test.store.read {
                try $0.workloads(in: tenant.workspace, WorkloadFilter(), PageRequest(limit: 100))
            }
            jobs = page.items.reversed()
        }
        let platform = try await test.start()
        var operatorAccount = try #require(try await test.store.read { try $0.account(tenant.caller.id) })
        operatorAccount.isOperator = true
        let replay = try await platform.queue.replay(by: Caller(operatorAccount))
        #expect(replay.difference == nil)
        #expect(replay.decisions >= 3)
        await #expect(throws: WeirError.self) { try await platform.queue.replay(by: tenant.caller) }
    }

    @Test("a decision that was changed on the record is found")
    func tampered() async throws {
        let test = try TestPlatform()
        let tenant = try await test.tenant(on: try await test.start())
        let job = try await test.running { platform in
            let first = try await tenant.job("first", on: platform)
            try await platform.wait(for: first, toBe: .running)
            let second = try await tenant.job("second", on: platform)
            try await platform.wait(for: second, toBe: .running)
            return second
        }
        let other = RandomIdentifiers().next(Workload.self, at: test.clock.now())
        try await test.store.write { db in
            for line in try db.read.schedulingRecords(after: 0, limit: 100) where line.kind == .turn {
                let text = line.document.replacing(#""start":{"_0":"\#(job.id.text)""#, with: #""start":{"_0":"\#(other.text)""#)
                if text != line.document { try db.record(.turn, text, at: line.at) }
            }
        }
        let platform = try await test.start()
        var operatorAccount = try #require(try await test.store.read { try $0.account(tenant.caller.id) })
        operatorAccount.isOperator = true
        #expect(try await platform.queue.replay(by: Caller(operatorAccount)).difference != nil)
    }
}
