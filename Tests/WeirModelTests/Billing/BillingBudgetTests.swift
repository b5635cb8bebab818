import TestSupport
import Testing
import WeirModel

@Suite("Billing: warnings, forecasts and budgets")
struct BillingBudgetTests {
    @Test(
        "a balance lasts for its full hours",
        arguments: [(10, 3, 3), (9, 3, 3), (0, 3, 0), (-5, 3, 0), (10, 0, nil), (0, 0, 0)] as [(Points, Points, Int64?)])
    func hoursLeft(balance: Points, perHour: Points, hours: Int64?) {
        #expect(Outlook(balance: balance, perHour: perHour).hoursLeft == hours)
    }

    @Test("a warning is given when its amount or hours are reached from above, and once")
    func warnings() throws {
        let warnings = try BalanceWarnings(amounts: [10, 50], hours: [24, 4])
        func look(_ balance: Points) -> Outlook { Outlook(balance: balance, perHour: 1) }
        #expect(warnings.due(before: look(60), now: look(51)).isEmpty)
        #expect(warnings.due(before: look(51), now: look(50)) == [.amount(50)])
        #expect(warnings.due(before: look(50), now: look(49)).isEmpty)
        #expect(warnings.due(before: look(60), now: look(3)) == [.amount(50), .amount(10), .hours(24), .hours(4)])
        #expect(warnings.due(before: Outlook(balance: 20, perHour: 0), now: look(20)) == [.hours(24)])
        #expect(throws: WeirError.self) { try BalanceWarnings(amounts: [0], hours: []) }
        #expect(throws: WeirError.self) { try BalanceWarnings(amounts: [], hours: Array(repeating: 1, count: 11)) }
    }

    @Test("a forecast is what the month comes to when nothing changes (BIL-23)", arguments: billingSeeds)
    func forecast(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let calendar = try random.calendar()
        let start = random.start()
        let now = start + random.span(0...60 * BillingCalendar.hour)
        let price = random.price()
        let running = MeteredRun(run: Sample.run, start: start, price: price)
        let ends = Bool.random(using: &random) ? now + random.span(0...900 * BillingCalendar.hour) : nil
        let month = try calendar.month(of: now)
        // The last settlement may lie back, in a month before too.
        let seen = Bool.random(using: &random) ? now : start + random.span(0...(now.milliseconds - start.milliseconds))
        let before = try running.settlement(after: .none, now: seen, calendar: calendar)
        let charged = try Bill(month, charges: before.charges).total
        let bounds = try calendar.monthBounds(around: now)
        let toCome = try Outlook.toCome(of: running, settled: before.settled, ends: ends, now: now, month: bounds)
        let last = min(ends ?? bounds.upperBound, bounds.upperBound)
        let ended = MeteredRun(run: Sample.run, start: start, end: last, price: price)
        var charges = before.charges
        var settled = before.settled
        while true {
            let plan = try ended.settlement(after: settled, now: last, calendar: calendar)
            charges += plan.charges
            settled = plan.settled
            if plan.isFinal || plan.charges.isEmpty { break }
        }
        #expect(try charged.adding(toCome) == Bill(month, charges: charges).total, "seed \(seed)")
    }

    @Test("a budget warns at its shares, refuses what starts at its limit, and stops what runs only where that is wanted")
    func budget() throws {
        let budget = try Budget(limit: 200, warnings: [100, 50, 80], atLimit: .refuse)
        #expect(budget.warnings(before: 99, now: 100) == [50])
        #expect(budget.warnings(before: 100, now: 159).isEmpty)
        #expect(budget.warnings(before: 100, now: 200) == [80, 100])
        for operation in Arrears.Operation.allCases {
            try budget.check(operation, charged: Points(micro: 199_999_999))
            if operation.needsBalance {
                #expect { try budget.check(operation, charged: 200) } throws: { ($0 as? WeirError)?.code == "budget_reached" }
            } else {
                try budget.check(operation, charged: 200)
            }
        }
        #expect(!budget.stops(charged: 200))
        let strict = try Budget(limit: 200, warnings: [], atLimit: .stop)
        #expect(strict.stops(charged: 200))
        #expect(!strict.stops(charged: Points(micro: 199_999_999)))
        #expect(throws: WeirError.self) { try Budget(limit: -1, warnings: [], atLimit: .stop) }
        #expect(throws: WeirError.self) { try Budget(limit: 1, warnings: [101], atLimit: .stop) }
    }
}
