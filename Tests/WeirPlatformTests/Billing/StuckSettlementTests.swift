import Foundation
import GRDB
import TestSupport
import Testing
import WeirEngine
import WeirModel
import WeirStore

@testable import WeirPlatform

@Suite("A run that cannot be settled stops its own settlement, never everybody's (BIL-05)")
struct StuckSettlementTests: MoneyScene {
    @Test(
        "all others are settled at the hour and at their ends, and the verification names it",
        arguments: ["UPDATE run SET price = '{}'", "UPDATE run SET settled_minutes = -1", "UPDATE run SET running_at = -9000000000000000"])
    func others(damage: String) async throws {
        let clock = ManualClock()
        let test = try TestPlatform(clock: clock)
        try await test.running { platform in
            let (ada, eve) = (try await test.tenant(on: platform), try await test.tenant("eve", on: platform))
            // In the order of settlement the damaged one stands first.
            let damaged = try await ada.job("damaged", on: platform)
            let whole = try await eve.job("whole", on: platform)
            for job in [damaged, whole] { try await platform.wait(for: job, toBe: .running) }
            let queue = try DatabaseQueue(path: test.folder.path + "/weir.sqlite")
            try await queue.write { try $0.execute(sql: "\(damage) WHERE workload = ?", arguments: [damaged.id.text]) }
            clock.advance(by: .seconds(3600))
            try await platform.settlement.settleHour()
            #expect(try await test.charged(whole.id) == 1)
            #expect(try await test.charged(damaged.id) == 0)

            clock.advance(by: .seconds(600))
            for job in [damaged, whole] { test.engine.endInstances(of: job.id, .succeeded) }
            try await platform.wait(for: whole, toBe: .completed)
            try await platform.settlement.settleEnds()
            #expect(try await test.charged(whole.id) == Points(micro: 1_166_666))
            #expect(platform.settlementCounts.stuck == 1)
            let difference = try await platform.ledger.verify(by: .testOperator).difference
            if damage.contains("running_at") {
                // Its end writes when it began, as the engine tells it: it is charged like any other then.
                try await platform.wait(for: damaged, toBe: .completed)
                try await platform.settlement.settleEnds()
                #expect(try await test.charged(damaged.id) == Points(micro: 1_166_666))
            } else {
                #expect(try #require(difference).subject.contains(damaged.id.text))
            }
        }
    }
}
